// What is needed more rarely than it is worth keeping.
const MAX_KEPT_BYTES = 16_777_216;
const MIN_BYTES = 65_536;

/**
 * Memory that serves one unit after the other: to take as much anew for each costs more time than most of what is done in it.
 * At most 16 MiB are kept.
 */
export class WorkMemory {
  #bytes = new Uint8Array(0);

  /** Gives `bytes` of it with whatever they hold; they are whole until the next call. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes > MAX_KEPT_BYTES) return new Uint8Array(bytes);
    if (bytes > this.#bytes.length) {
      this.#bytes = new Uint8Array(2 ** Math.ceil(Math.log2(Math.max(MIN_BYTES, bytes))));
    }
    return this.#bytes.subarray(0, bytes);
  }
}
