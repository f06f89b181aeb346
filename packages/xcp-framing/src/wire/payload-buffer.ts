import { loadU32 } from "./little-endian.js";

// Beyond this, memory is taken as bytes arrive, not as a length announces them.
const FIRST_BYTES = 1_048_576;

/** Memory whose content is arbitrary: all of it is overwritten before anybody sees it. */
export type Allocate = (bytes: number) => Uint8Array;

/**
 * Gathers one payload and the CRC behind it from chunks, in a buffer of its own that starts 8-byte aligned.
 *
 * At most twice the bytes that have arrived are allocated, or 1 MiB.
 */
export class PayloadBuffer {
  readonly #length: number;
  readonly #tail: Uint8Array;
  readonly #allocate: Allocate;
  #bytes: Uint8Array;
  #filled = 0;
  #tailFilled = 0;

  /** `length` counts the payload, `tailLength` the CRC: 4, or 0 where the profile has none. */
  constructor(length: number, tailLength: number, allocate: Allocate) {
    this.#length = length;
    this.#allocate = allocate;
    this.#bytes = allocate(Math.min(length, FIRST_BYTES));
    this.#tail = new Uint8Array(tailLength);
  }

  /** Copies what it still needs from `chunk`, from `at` on, and returns the index behind it. */
  take(chunk: Uint8Array, at: number): number {
    const wanted = Math.min(this.#length - this.#filled, chunk.length - at);
    if (wanted > 0) {
      this.#reserve(this.#filled + wanted);
      this.#bytes.set(chunk.subarray(at, at + wanted), this.#filled);
      this.#filled += wanted;
    }
    let end = at + wanted;
    while (this.#tailFilled < this.#tail.length && end < chunk.length) {
      this.#tail[this.#tailFilled++] = chunk[end++] as number;
    }
    return end;
  }

  /** Whether everything has arrived. */
  get complete(): boolean {
    return this.#filled === this.#length && this.#tailFilled === this.#tail.length;
  }

  /** The payload, once complete. */
  get payload(): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset, this.#length);
  }

  /** The CRC's four bytes as a little-endian number, once complete; 0 without a tail. */
  get tail(): number {
    return this.#tail.length === 0 ? 0 : loadU32(this.#tail, 0);
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const doubled = Math.max(size, 2 * this.#bytes.length);
    const grown = this.#allocate(Math.min(this.#length, doubled));
    grown.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = grown;
  }
}
