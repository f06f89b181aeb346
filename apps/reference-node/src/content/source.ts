import { open, type FileHandle } from "node:fs/promises";
import { ContentError } from "./content.js";

/** Where bytes come from: a file, or standard input. */
export interface Source {
  /** For messages. */
  readonly name: string;
  /** Lower-case extension with its dot, or empty. */
  readonly extension: string;
  /** Size in bytes; `undefined` for a pipe. */
  readonly size: number | undefined;
  /** The first bytes, at most 64 KiB, without consuming them. */
  readonly head: Uint8Array;
  /** All bytes in order. */
  stream(): AsyncIterable<Uint8Array>;
  /** All bytes at once. @throws ContentError above `maxBytes`. */
  whole(maxBytes: number): Promise<Uint8Array>;
  /** Closes the file. */
  close(): Promise<void>;
}

const HEAD_BYTES = 65_536;
const CHUNK_BYTES = 262_144;

/** Opens `path`, `-` being standard input. @throws ContentError when there is no such file. */
export async function openSource(path: string): Promise<Source> {
  if (path === "-") return openPipe();
  const file = await openFile(path);
  const { size } = await file.stat();
  const head = new Uint8Array(Math.min(size, HEAD_BYTES));
  await file.read(head, 0, head.length, 0);
  const stream = (): AsyncIterable<Uint8Array> => readChunks(file, size);
  return {
    name: path,
    extension: /\.[^./\\]+$/.exec(path)?.[0].toLowerCase() ?? "",
    size,
    head,
    stream,
    whole: (maxBytes) => gather(path, stream(), maxBytes),
    close: () => file.close(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r");
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new ContentError(`${path} is not a regular file`, "name a file, or - for standard input");
  } catch (error) {
    if (error instanceof ContentError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new ContentError(
      `${path} ${reason}`,
      "name a file that this user can read, or - for standard input",
    );
  }
}

async function* readChunks(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

async function openPipe(): Promise<Source> {
  const iterator = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const early: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done === true) break;
    early.push(next.value);
    bytes += next.value.length;
  }
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* early.splice(0);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return {
    name: "standard input",
    extension: "",
    size: undefined,
    head: Buffer.concat(early).subarray(0, HEAD_BYTES),
    stream,
    whole: (maxBytes) => gather("standard input", stream(), maxBytes),
    close: () => Promise.resolve(),
  };
}

async function gather(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ContentError(
        `${name} has more than ${maxBytes} bytes, too many to be converted as a whole`,
        "send it with --as bytes or --as text, which stream",
      );
    }
    parts.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
