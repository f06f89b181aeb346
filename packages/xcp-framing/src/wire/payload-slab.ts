import type { Allocate } from "./payload-buffer.js";

const SLAB_BYTES = 65_536;
// A larger payload gets memory of its own: four of them would use up a slab.
const SHARED_BYTES = 16_384;
const ALIGNMENT = 8;

/** Copies small payloads into memory that they share, each aligned to 8 bytes, and each byte of it used once. */
export class PayloadSlab {
  readonly #allocate: Allocate;
  #slab: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  /** Copies `length` bytes of `from` from `at` on. */
  copy(from: Uint8Array, at: number, length: number): Uint8Array {
    if (length > SHARED_BYTES) return this.#fill(this.#allocate(length), 0, from, at, length);
    if (this.#at + length > this.#slab.length) {
      this.#slab = this.#allocate(SLAB_BYTES);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at = start + length + (-length & (ALIGNMENT - 1));
    return this.#fill(this.#slab, start, from, at, length);
  }

  // A plain view, whatever subclass the memory is of.
  #fill(
    memory: Uint8Array,
    start: number,
    from: Uint8Array,
    at: number,
    length: number,
  ): Uint8Array {
    const copy = new Uint8Array(memory.buffer, memory.byteOffset + start, length);
    copy.set(from.subarray(at, at + length));
    return copy;
  }
}
