/** Chunks of a stream that wait while the one before them is read, oldest first. Most of the time there are none. */
export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  #next = 0;

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Adds one at the end. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** Takes the oldest. */
  shift(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#next];
    this.#next++;
    if (this.#next >= this.#chunks.length) {
      this.#chunks.length = 0;
      this.#next = 0;
    }
    return chunk;
  }
}
