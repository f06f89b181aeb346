import { concatBytes } from "@proj/wire-types";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Aead, CryptoProvider } from "../platform.js";

/** Cryptography in JavaScript, for browsers: they have HKDF and SHA-256, but only asynchronously, and no ChaCha20. */
export const nobleCrypto: CryptoProvider = {
  chacha20Poly1305(key: Uint8Array): Aead {
    const own = new Uint8Array(key);
    return {
      seal(nonce, aad, plaintext, into) {
        chacha20poly1305(own, nonce, aad).encrypt(plaintext, into);
      },
      open(nonce, aad, sealed, into) {
        try {
          chacha20poly1305(own, nonce, aad).decrypt(sealed, into);
          return true;
        } catch {
          into.fill(0);
          return false;
        }
      },
      erase: () => void own.fill(0),
    };
  },
  sha256: (parts) => sha256(concatBytes(parts)),
  hmacSha256: (key, parts) => hmac(sha256, key, concatBytes(parts)),
  hkdfSha256: (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
  equal(a, b) {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
    return difference === 0;
  },
};
