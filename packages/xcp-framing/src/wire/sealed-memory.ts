import type { Allocate } from "./payload-buffer.js";

// A larger ciphertext gets memory of its own.
const SHARED_BYTES = 262_144;

/**
 * Memory for the ciphertext of one frame at a time, right behind its additional data, as ciphers want them: it is of no use
 * once it was opened, so that the next frame's takes its place.
 */
export class SealedMemory {
  readonly #allocate: Allocate;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  /** Copies the additional data to its place and gives that of `length` bytes of ciphertext; `undefined` for too many. */
  place(
    aad: Uint8Array,
    length: number,
  ): { readonly aad: Uint8Array; readonly allocate: Allocate } | undefined {
    if (length > SHARED_BYTES) return undefined;
    const size = aad.length + length;
    if (this.#bytes.length < size) this.#bytes = this.#allocate(size);
    this.#bytes.set(aad);
    const { buffer, byteOffset } = this.#bytes;
    return {
      aad: new Uint8Array(buffer, byteOffset, aad.length),
      allocate: (bytes) => new Uint8Array(buffer, byteOffset + aad.length, bytes),
    };
  }
}
