import { createHash, hkdfSync, timingSafeEqual } from "node:crypto";
import type { CryptoProvider } from "../platform.js";
import { hmacSha256 } from "./node-hmac.js";
import { NativeAead } from "./native-aead.js";

/** Cryptography by OpenSSL. */
export const nodeCrypto: CryptoProvider = {
  chacha20Poly1305: (key) => new NativeAead(key),
  sha256(parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return asBytes(hash.digest());
  },
  hmacSha256,
  hkdfSha256: (ikm, salt, info, length) =>
    new Uint8Array(hkdfSync("sha256", ikm, salt, info, length)),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
