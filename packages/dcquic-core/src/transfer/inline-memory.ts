const BLOCK_BYTES = 8192;
// A larger one is worth an allocation of its own.
const MAX_SHARED_BYTES = BLOCK_BYTES / 8;
// Beyond so many a view and a call cost less than a loop.
const LOOPED_BYTES = 64;

/**
 * Memory for payloads that ride in announcements. Many lie in one block: an allocation for each would cost more than anything
 * else that is done with it.
 *
 * Whoever keeps a payload keeps its block, 8 KiB.
 */
export class InlineMemory {
  #block = new Uint8Array(0);
  #used = 0;

  /** Copies `length` bytes from `at` on. The copy belongs to the caller. */
  copy(source: Uint8Array, at: number, length: number): Uint8Array {
    if (length > MAX_SHARED_BYTES) return source.slice(at, at + length);
    if (this.#used + length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    const copy = this.#block.subarray(start, start + length);
    if (length <= LOOPED_BYTES) for (let i = 0; i < length; i++) copy[i] = source[at + i] ?? 0;
    else copy.set(source.subarray(at, at + length));
    return copy;
  }
}
