import { AEAD_IV_BYTES, AEAD_ROW } from "./layout.js";
import type { AeadAlgorithm, AeadBatch } from "./batch-crypto.js";

// Bytes of each cipher's key.
const AEAD_KEY_BYTES: Readonly<Record<AeadAlgorithm, number>> = {
  "aes-128-gcm": 16,
  "aes-256-gcm": 32,
  "chacha20-poly1305": 32,
};

// Keys of a ring.
const MAX_KEY_SLOTS = 2 ** 20;

/** Refuses a number of slots that cannot be. */
export function checkSlots(slots: number): void {
  if (Number.isInteger(slots) && slots >= 1 && slots <= MAX_KEY_SLOTS) return;
  throw new RangeError(`${slots} slots, not an integer in 1–${MAX_KEY_SLOTS}`);
}

/** Refuses a slot that is not there. */
export function checkSlot(slot: number, slots: number): void {
  if (Number.isInteger(slot) && slot >= 0 && slot < slots) return;
  throw new RangeError(`slot ${slot}, and there are ${slots}`);
}

/** Refuses a key or vector of another length. */
export function checkKey(algorithm: AeadAlgorithm, key: Uint8Array, iv: Uint8Array): void {
  const wanted = AEAD_KEY_BYTES[algorithm];
  if (key.length !== wanted) throw new RangeError(`a key of ${key.length} bytes, not ${wanted}`);
  if (iv.length !== AEAD_IV_BYTES) {
    throw new RangeError(`a vector of ${iv.length} bytes, not ${AEAD_IV_BYTES}`);
  }
}

/** Refuses more rows than there are. */
export function checkRows({ meta }: AeadBatch, count: number): void {
  if (Number.isInteger(count) && count >= 0 && count * AEAD_ROW <= meta.length) return;
  throw new RangeError(`${count} rows, and there are ${Math.floor(meta.length / AEAD_ROW)}`);
}
