import { Aead as Column, AEAD_IV_BYTES, AEAD_ROW, backend, type KeyRing } from "@proj/native-io";
import type { Aead } from "../platform.js";
import { TAG_BYTES } from "../wire/constants.js";

// Memory beyond this is not kept between frames.
const KEPT_BYTES = 1_048_576;

/**
 * ChaCha20-Poly1305 by the batch interface of native-io, one frame a batch: it writes where it is told to, where
 * node:crypto allocates what it returns.
 */
export class NativeAead implements Aead {
  readonly #ring: KeyRing;
  readonly #meta = new Int32Array(AEAD_ROW);
  // Additional data and ciphertext lie in one array for native-io.
  #wire: Uint8Array = new Uint8Array(0);

  constructor(key: Uint8Array) {
    this.#ring = backend.crypto.createKeyRing(1, { engine: "openssl" });
    // The nonce goes into this vector by exclusive or, so it is the nonce that counts.
    this.#ring.setKey(0, "chacha20-poly1305", key, new Uint8Array(AEAD_IV_BYTES));
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const together = isBehind(aad, into);
    const wire = together ? spanOf(aad, into) : this.#gather(aad, into.length);
    const wireAt = wire.length - into.length;
    this.#fill(nonce, aad.length, wireAt, plaintext.length);
    const done = this.#ring.seal({ wire, plain: plaintext, meta: this.#meta }, 1);
    if (done !== 1) throw new Error(`sealing ${plaintext.length} bytes failed`);
    if (!together) into.set(wire.subarray(wireAt));
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array, into: Uint8Array): boolean {
    const length = sealed.length - TAG_BYTES;
    if (length < 0 || into.length !== length) return false;
    const together = isBehind(aad, sealed);
    const wire = together ? spanOf(aad, sealed) : this.#gather(aad, sealed.length);
    const wireAt = wire.length - sealed.length;
    if (!together) wire.set(sealed, wireAt);
    this.#fill(nonce, aad.length, wireAt, length);
    return this.#ring.open({ wire, plain: into, meta: this.#meta }, 1) === 1;
  }

  erase(): void {
    this.#ring.close();
    this.#wire.fill(0);
  }

  // The additional data at the start of an array with room for `more` bytes behind it.
  #gather(aad: Uint8Array, more: number): Uint8Array {
    const size = aad.length + more;
    let wire = this.#wire;
    if (wire.length < size) {
      wire = Buffer.allocUnsafeSlow(size);
      if (size <= KEPT_BYTES) this.#wire = wire;
    }
    wire.set(aad);
    return wire.subarray(0, size);
  }

  #fill(nonce: Uint8Array, aadLength: number, wireAt: number, length: number): void {
    const meta = this.#meta;
    meta[Column.aad] = 0;
    meta[Column.aadLength] = aadLength;
    meta[Column.wire] = wireAt;
    meta[Column.plain] = 0;
    meta[Column.length] = length;
    meta[Column.slot] = 0;
    meta[Column.nonce0] = word(nonce, 0);
    meta[Column.nonce1] = word(nonce, 4);
    meta[Column.nonce2] = word(nonce, 8);
  }
}

function isBehind(first: Uint8Array, last: Uint8Array): boolean {
  return first.buffer === last.buffer && first.byteOffset + first.length <= last.byteOffset;
}

// From the first byte of `first` to the last of `last`, which lies behind it in the same memory.
function spanOf(first: Uint8Array, last: Uint8Array): Uint8Array {
  const end = last.byteOffset + last.length;
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
