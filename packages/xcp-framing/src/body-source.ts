/**
 * The part of a streamed body that was handed over and not yet sent.
 *
 * Pieces are merged up to the size of a frame; the last frame of a body is only known when `end` was called, so the body
 * may end with an empty frame.
 */
export class BodySource {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #total = 0;

  /** Bytes that wait to be sent. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Bytes handed over so far. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Whether {@link BodySource.take} has something to give: bytes, or the end. */
  get ready(): boolean {
    return this.#bytes > 0 || this.#ended;
  }

  /** Whether the next {@link BodySource.take} of `maxBytes` is the last. */
  endsWithin(maxBytes: number): boolean {
    return this.#ended && this.#bytes <= maxBytes;
  }

  /** Adds bytes, which must not change any more. */
  push(piece: Uint8Array): void {
    if (piece.length === 0 || this.#ended) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#total += piece.length;
  }

  /** Says that no more bytes come. */
  end(): void {
    this.#ended = true;
  }

  /** Removes and returns up to `maxBytes` bytes; a copy only where pieces have to be merged. */
  take(maxBytes: number): Uint8Array {
    const length = Math.min(maxBytes, this.#bytes);
    this.#bytes -= length;
    const first = this.#pieces[0];
    if (first !== undefined && first.length >= length) {
      this.#dropFront(first, length);
      return first.length === length ? first : first.subarray(0, length);
    }
    const merged = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const used = Math.min(piece.length, length - at);
      merged.set(used === piece.length ? piece : piece.subarray(0, used), at);
      this.#dropFront(piece, used);
      at += used;
    }
    return merged;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#ended = true;
  }

  #dropFront(piece: Uint8Array, used: number): void {
    if (used === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(used);
  }
}
