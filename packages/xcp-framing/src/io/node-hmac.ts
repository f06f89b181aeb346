import { hash } from "node:crypto";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

// One for all calls: they are synchronous. Larger messages get memory of their own.
const scratch = new Uint8Array(512);

/**
 * HMAC-SHA256 (RFC 2104) of the parts, joined, under a key of at most 64 bytes.
 *
 * Every encrypted frame takes its nonce from one. An `Hmac` of node:crypto is an object of the system's, and its digest a
 * buffer beside the heap: for 16 bytes both cost three times the hashing, and the garbage collector comes on top.
 *
 * @throws RangeError for a longer key.
 */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  if (key.length > BLOCK_BYTES) throw new RangeError(`key of ${key.length} bytes, limit 64`);
  let length = BLOCK_BYTES;
  for (const part of parts) length += part.length;
  const message = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  padKey(message, key, INNER_PAD);
  let at = BLOCK_BYTES;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  const inner = hash("sha256", message, "binary");
  const outer = scratch.subarray(0, BLOCK_BYTES + DIGEST_BYTES);
  padKey(outer, key, OUTER_PAD);
  storeLatin1(outer, BLOCK_BYTES, inner);
  const digest = new Uint8Array(DIGEST_BYTES);
  storeLatin1(digest, 0, hash("sha256", outer, "binary"));
  message.fill(0, 0, BLOCK_BYTES);
  outer.fill(0);
  return digest;
}

function padKey(block: Uint8Array, key: Uint8Array, pad: number): void {
  for (let i = 0; i < BLOCK_BYTES; i++) block[i] = (key[i] ?? 0) ^ pad;
}

function storeLatin1(into: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
}
