/** Reads the length of the next message at `offset`, or `undefined` while its bytes are missing. */
export type ReadLength = (
  bytes: Uint8Array,
  offset: number,
) => { readonly headBytes: number; readonly bodyBytes: number } | undefined;

/** Cuts a byte stream into messages that carry their length in front. */
export class LengthSplitter {
  readonly #readLength: ReadLength;
  readonly #deliver: (body: Uint8Array) => void;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #neededBytes = 1;

  constructor(readLength: ReadLength, deliver: (body: Uint8Array) => void) {
    this.#readLength = readLength;
    this.#deliver = deliver;
  }

  /** Takes the next bytes and delivers every message that is now whole. */
  push(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return;
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held);
    let at = 0;
    this.#neededBytes = 1;
    while (at < bytes.length) {
      const length = this.#readLength(bytes, at);
      if (length === undefined) break;
      const end = at + length.headBytes + length.bodyBytes;
      if (end > bytes.length) {
        this.#neededBytes = end - at;
        break;
      }
      this.#deliver(bytes.subarray(at + length.headBytes, end));
      at = end;
    }
    this.#held = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#heldBytes = bytes.length - at;
  }
}
