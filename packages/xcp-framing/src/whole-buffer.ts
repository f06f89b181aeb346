import type { Allocate } from "./wire/payload-buffer.js";

// Beyond this, memory is taken as bytes arrive, not as a length announces them.
const FIRST_BYTES = 1_048_576;

/**
 * Collects the parts of one message whose length is known: each goes to its place as it comes, so that nothing is left to
 * be copied at its end.
 *
 * At most twice the bytes that have arrived are allocated, or 1 MiB.
 */
export class WholeBuffer {
  readonly #length: number;
  readonly #allocate: Allocate;
  #bytes: Uint8Array = new Uint8Array(0);
  #filled = 0;
  // A first part that is not in place is kept as it is until a second one comes: its owner may want the rest in pieces.
  #owned = false;

  /** `length` is the announced one, which the owner compares with what comes. */
  constructor(length: number, allocate: Allocate) {
    this.#length = length;
    this.#allocate = allocate;
  }

  /** Where the next `length` bytes belong, for those who write them there before they append them. */
  place(length: number): Uint8Array | undefined {
    const end = this.#filled + length;
    if (end > this.#length) return undefined;
    this.#reserve(end);
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + this.#filled, length);
  }

  /** Adds bytes. */
  append(part: Uint8Array): void {
    const end = this.#filled + part.length;
    if (!this.#isInPlace(part)) {
      if (this.#filled === 0) {
        this.#bytes = part;
        this.#owned = false;
      } else {
        this.#reserve(end);
        this.#bytes.set(part, this.#filled);
      }
    }
    this.#filled = end;
  }

  /** Gives everything up, whole. */
  take(): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    const whole = new Uint8Array(buffer, byteOffset, this.#filled);
    this.#bytes = new Uint8Array(0);
    this.#filled = 0;
    this.#owned = false;
    return whole;
  }

  /** Gives everything up, in as few parts as there are. */
  takeParts(): readonly Uint8Array[] {
    return this.#filled === 0 ? [] : [this.take()];
  }

  #isInPlace(part: Uint8Array): boolean {
    const { buffer, byteOffset } = this.#bytes;
    return this.#owned && part.buffer === buffer && part.byteOffset === byteOffset + this.#filled;
  }

  #reserve(size: number): void {
    if (this.#owned && size <= this.#bytes.length) return;
    const wanted = Math.min(this.#length, Math.max(FIRST_BYTES, 2 * this.#bytes.length));
    const grown = this.#allocate(Math.max(size, wanted));
    grown.set(
      this.#filled === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#filled),
    );
    this.#bytes = grown;
    this.#owned = true;
  }
}
