import { concatBytes } from "@proj/wire-types";

// Parts below this are copied together: each is perhaps a small view that keeps a large chunk alive.
const BLOCK_BYTES = 65_536;
const FIRST_BLOCK_BYTES = 4096;

/** Collects the parts of one message, and copies each byte at most twice. */
export class GatherBuffer {
  readonly #parts: Uint8Array[] = [];
  #block: Uint8Array = new Uint8Array(0);
  #blockFilled = 0;
  #nextBlockBytes = FIRST_BLOCK_BYTES;

  /** Adds bytes: copied when few, kept when they fill a block. */
  append(bytes: Uint8Array): void {
    if (bytes.length >= BLOCK_BYTES) {
      this.#closeBlock();
      this.#parts.push(bytes);
      return;
    }
    if (bytes.length > this.#block.length - this.#blockFilled) {
      this.#closeBlock();
      this.#block = new Uint8Array(Math.max(this.#nextBlockBytes, bytes.length));
      this.#nextBlockBytes = Math.min(BLOCK_BYTES, 2 * this.#nextBlockBytes);
    }
    this.#block.set(bytes, this.#blockFilled);
    this.#blockFilled += bytes.length;
  }

  /** Gives everything up, in order: whole where it is one part. */
  take(): Uint8Array {
    const parts = this.takeParts();
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : concatBytes(parts);
  }

  /** Gives everything up, in order and in parts. */
  takeParts(): readonly Uint8Array[] {
    this.#closeBlock();
    this.#block = new Uint8Array(0);
    return this.#parts.splice(0);
  }

  // What is left of the block serves the next small parts.
  #closeBlock(): void {
    if (this.#blockFilled === 0) return;
    this.#parts.push(this.#block.subarray(0, this.#blockFilled));
    this.#block = this.#block.subarray(this.#blockFilled);
    this.#blockFilled = 0;
  }
}
