import { concatBytes } from "@proj/wire-types";

/**
 * How messages are told apart in a stream of bytes: each ends with a line feed, or each begins with
 * its length in bytes, 32 bits, little-endian. Both ends must choose the same. spec/capnweb.md §20.6
 */
export type MessageFraming = "newline" | "length";

const LINE_FEED = 0x0a;
const LENGTH_BYTES = 4;

/** Frames messages and joins them, in order, to one chunk. */
export function encodeMessages(messages: readonly string[], framing: MessageFraming): Uint8Array {
  const encoder = new TextEncoder();
  if (framing === "newline") return encoder.encode(`${messages.join("\n")}\n`);
  return concatBytes(
    messages.flatMap((message) => {
      const body = encoder.encode(message);
      const length = new Uint8Array(LENGTH_BYTES);
      new DataView(length.buffer).setUint32(0, body.length, true);
      return [length, body];
    }),
  );
}

/**
 * A message that receivers leave out. Sent first, it makes a new stream visible to the peer, to whom
 * QUIC shows a stream with its first byte.
 */
export const BLANK_MESSAGE = "";

/** Cuts a stream of bytes into messages. What is incomplete is kept, up to a limit. */
export class MessageReader {
  readonly #framing: MessageFraming;
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #parts: Uint8Array[] = [];
  #kept = 0;

  /** `maxBytes` is the largest message that is taken, in UTF-8. */
  constructor(framing: MessageFraming, maxBytes: number) {
    this.#framing = framing;
    this.#maxBytes = maxBytes;
  }

  /** Whether the stream may end here: nothing is incomplete. */
  get atBoundary(): boolean {
    return this.#kept === 0;
  }

  /**
   * Answers the messages that are complete now; blank ones are left out. `chunk` is kept, not copied.
   *
   * @throws TypeError for a message above the limit, and for one that is not UTF-8.
   */
  push(chunk: Uint8Array): string[] {
    return this.#framing === "newline" ? this.#lines(chunk) : this.#frames(chunk);
  }

  #lines(chunk: Uint8Array): string[] {
    const messages: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      this.#keep(chunk.subarray(start, end < 0 ? undefined : end));
      if (end < 0) return messages;
      const message = this.#decoder.decode(this.#take());
      if (message.trim() !== "") messages.push(message);
      start = end + 1;
    }
  }

  #frames(chunk: Uint8Array): string[] {
    const messages: string[] = [];
    this.#parts.push(chunk);
    this.#kept += chunk.length;
    if (this.#kept < LENGTH_BYTES) return messages;
    // Parts are joined only when a message is complete: many small chunks of a large one cost once.
    if (this.#kept < LENGTH_BYTES + this.#nextLength()) return messages;
    let rest = this.#take();
    while (rest.length >= LENGTH_BYTES) {
      const length = this.#checked(lengthAt(rest));
      if (rest.length < LENGTH_BYTES + length) break;
      const body = rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      if (length > 0) messages.push(this.#decoder.decode(body));
      rest = rest.subarray(LENGTH_BYTES + length);
    }
    if (rest.length > 0) this.#parts.push(rest);
    this.#kept = rest.length;
    return messages;
  }

  #nextLength(): number {
    const [first] = this.#parts;
    if (first === undefined || first.length < LENGTH_BYTES)
      this.#parts = [concatBytes(this.#parts)];
    return this.#checked(lengthAt(this.#parts[0] ?? new Uint8Array(LENGTH_BYTES)));
  }

  #keep(part: Uint8Array): void {
    this.#checked(this.#kept + part.length);
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#kept += part.length;
  }

  #take(): Uint8Array {
    const [first = new Uint8Array()] = this.#parts;
    const all = this.#parts.length <= 1 ? first : concatBytes(this.#parts);
    this.#parts = [];
    this.#kept = 0;
    return all;
  }

  #checked(bytes: number): number {
    if (bytes <= this.#maxBytes) return bytes;
    throw new TypeError(`Incoming message exceeds maximum size of ${this.#maxBytes} bytes.`);
  }
}

function lengthAt(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}
