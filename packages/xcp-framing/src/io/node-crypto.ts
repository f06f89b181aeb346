import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import type { Aead, CryptoProvider } from "../platform.js";
import { TAG_BYTES } from "../wire/constants.js";

const CIPHER = "chacha20-poly1305";
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** Cryptography by OpenSSL. */
export const nodeCrypto: CryptoProvider = {
  chacha20Poly1305(key: Uint8Array): Aead {
    return {
      seal(nonce, aad, plaintext) {
        const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
        cipher.setAAD(aad, { plaintextLength: plaintext.length });
        const ciphertext = cipher.update(plaintext);
        cipher.final();
        return { ciphertext, tag: cipher.getAuthTag() };
      },
      open(nonce, aad, sealed) {
        const length = sealed.length - TAG_BYTES;
        if (length < 0) return undefined;
        const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
        decipher.setAAD(aad, { plaintextLength: length });
        decipher.setAuthTag(sealed.subarray(length));
        const plaintext = decipher.update(sealed.subarray(0, length));
        try {
          decipher.final();
        } catch {
          plaintext.fill(0);
          return undefined;
        }
        return asBytes(plaintext);
      },
    };
  },
  sha256(parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return asBytes(hash.digest());
  },
  hmacSha256(key, parts) {
    const hmac = createHmac("sha256", key);
    for (const part of parts) hmac.update(part);
    return asBytes(hmac.digest());
  },
  hkdfSha256: (ikm, salt, info, length) =>
    new Uint8Array(hkdfSync("sha256", ikm, salt, info, length)),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
