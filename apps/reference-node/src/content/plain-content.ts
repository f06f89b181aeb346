import { TextDecoder } from "node:util";
import { createEther, type Ether, textEther, type Value } from "@proj/ether-codecs";
import { type Content, ContentError, type ContentOptions, type ContentPart } from "./content.js";
import type { Source } from "./source.js";

/** Kind of an Ether that holds a JSON document. */
export const JSON_KIND = "json";

/** A JSON text larger than this is not turned into one Ether. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** Any file as `bytes` Ethers. */
export function bytesContent(source: Source, options: ContentOptions): Content {
  async function* parts(): AsyncGenerator<ContentPart> {
    let read = 0;
    for await (const piece of pieces(source, options.partBytes)) {
      read += piece.length;
      const ether = createEther({ kind: "bytes", payload: { data: piece } });
      yield { ethers: [ether], sourceBytes: read };
    }
  }
  return { kind: "bytes", totalBytes: source.size, parts: parts(), notes: [] };
}

/** A UTF-8 file as `text` Ethers; a character is never cut. */
export function textContent(source: Source, options: ContentOptions): Content {
  async function* parts(): AsyncGenerator<ContentPart> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let read = 0;
    for await (const piece of pieces(source, options.partBytes)) {
      read += piece.length;
      const text = decode(decoder, piece, source.name, read === source.size);
      yield { ethers: [textEther(text)], sourceBytes: read };
    }
    // A pipe tells its end only now: what the decoder still holds is an unfinished character.
    decode(decoder, new Uint8Array(), source.name, true);
  }
  return { kind: "text", totalBytes: source.size, parts: parts(), notes: [] };
}

/** A JSON text as one `json` Ether, with the document under `value`. */
export function jsonContent(source: Source): Content {
  async function* parts(): AsyncGenerator<ContentPart> {
    const bytes = await source.whole(MAX_JSON_BYTES);
    yield { ethers: [jsonEther(source.name, bytes)], sourceBytes: bytes.length };
  }
  return { kind: JSON_KIND, totalBytes: source.size, parts: parts(), notes: [] };
}

function jsonEther(name: string, bytes: Uint8Array): Ether {
  let value: Value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Value;
  } catch (error) {
    throw new ContentError(
      `${name} is not JSON: ${(error as Error).message}`,
      "correct it, or send it with --as text",
    );
  }
  return createEther({ kind: JSON_KIND, payload: { value } });
}

function decode(decoder: TextDecoder, piece: Uint8Array, name: string, last: boolean): string {
  try {
    return decoder.decode(piece, { stream: !last });
  } catch {
    throw new ContentError(`${name} is not UTF-8 text`, "send it with --as bytes");
  }
}

// At least one piece, all but the last of `size` bytes.
async function* pieces(source: Source, size: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let any = false;
  for await (const chunk of source.stream()) {
    let rest = chunk;
    while (bytes + rest.length >= size) {
      const fitting = rest.subarray(0, size - bytes);
      any = true;
      yield join([...held, fitting]);
      rest = rest.subarray(fitting.length);
      held = [];
      bytes = 0;
    }
    if (rest.length > 0) held.push(rest);
    bytes += rest.length;
  }
  if (bytes > 0 || !any) yield join(held);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
