const FIRST_BYTES = 256;

/** Gathers the beginning of a head that does not lie in one chunk. */
export class HeadCarry {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** How much is carried. */
  get length(): number {
    return this.#length;
  }

  /** What is carried, with room behind it. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Copies bytes of `chunk` from `at` on until `size` are carried or it has no more, and returns the index behind them. */
  fill(size: number, chunk: Uint8Array, at: number): number {
    const wanted = size - this.#length;
    if (wanted <= 0) return at;
    if (this.#bytes.length < size) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, 2 * size));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    const part = chunk.subarray(at, at + wanted);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
    return at + part.length;
  }

  /** Gives up the `size` bytes that are carried: a view, valid until more are. */
  take(size: number): Uint8Array {
    this.#length = 0;
    return this.#bytes.subarray(0, size);
  }
}
