const BLOCK_BYTES = 8192;
// A larger one is worth an allocation of its own.
const MAX_SHARED_BYTES = BLOCK_BYTES / 8;
const WORD = 4;
// Beyond so many a view and a call cost less than a loop.
const LOOPED_BYTES = 256;

/**
 * Memory for payloads that ride in announcements. Many lie in one block: an allocation for each would cost more than anything
 * else that is done with it.
 *
 * Whoever keeps a payload keeps its block, 8 KiB.
 */
export class InlineMemory {
  #block = new Uint8Array(0);
  #blockView = new DataView(this.#block.buffer);
  #used = 0;
  // Where the latest was copied from, most likely the slab of the next one.
  #source: Uint8Array = this.#block;
  #sourceView: DataView = this.#blockView;

  /** Copies `length` bytes from `at` on. The copy belongs to the caller. */
  copy(source: Uint8Array, at: number, length: number): Uint8Array {
    if (length > MAX_SHARED_BYTES) return source.slice(at, at + length);
    if (this.#used + length > this.#block.length) this.#begin();
    const start = this.#used;
    this.#used += length;
    if (length > LOOPED_BYTES) this.#block.set(source.subarray(at, at + length), start);
    else this.#loop(source, at, length, start);
    return this.#block.subarray(start, start + length);
  }

  #begin(): void {
    this.#block = new Uint8Array(BLOCK_BYTES);
    this.#blockView = new DataView(this.#block.buffer);
    this.#used = 0;
  }

  #loop(source: Uint8Array, at: number, length: number, start: number): void {
    const [from, to] = [this.#viewOf(source), this.#blockView];
    const words = length - (length % WORD);
    for (let i = 0; i < words; i += WORD) to.setInt32(start + i, from.getInt32(at + i));
    for (let i = words; i < length; i++) to.setUint8(start + i, from.getUint8(at + i));
  }

  #viewOf(source: Uint8Array): DataView {
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceView = new DataView(source.buffer, source.byteOffset, source.length);
    }
    return this.#sourceView;
  }
}
