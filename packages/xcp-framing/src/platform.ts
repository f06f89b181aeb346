import type { Clock, RandomSource, Timers } from "@proj/wire-types";

/** ChaCha20-Poly1305 (RFC 8439) under one key. It writes where it is told to, so that nothing is copied behind it. */
export interface Aead {
  /** Writes ciphertext and the 16-byte tag behind it to `into`, which has just that length and may follow `aad` in memory. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void;
  /**
   * Writes the plaintext to `into`, which is 16 bytes shorter than `sealed`; `false` when the tag does not verify, and then
   * nothing of the plaintext stays in `into`.
   */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array, into: Uint8Array): boolean;
  /** Overwrites the key. Neither of the others may be called any more. */
  erase(): void;
}

/** The cryptography that the core is given. All calls are synchronous. */
export interface CryptoProvider {
  /** Makes a cipher for a 32-byte key. */
  chacha20Poly1305(key: Uint8Array): Aead;
  /** SHA-256 of the parts, joined. */
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA256 of the parts, joined. */
  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array;
  /** HKDF-SHA256, extract and expand. */
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Compares in time that depends on the lengths only. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

/** Zstandard (RFC 8878), one frame at a time. */
export interface ZstdProvider {
  /** Compresses to one frame that states its content size; absent where only decompression exists. */
  compress?(bytes: Uint8Array, level: number): Uint8Array;
  /**
   * Decompresses one frame whose structure was checked before.
   *
   * Stops as soon as the output would exceed `maxBytes`, whatever the frame declares.
   *
   * @throws XcpError `xcp.compression`, `xcp.decompressed_too_large`
   */
  decompress(frame: Uint8Array, maxBytes: number): Uint8Array;
}

/** Everything the core takes from the machine. `@proj/xcp-framing/node` and `/web` each provide one. */
export interface Platform {
  /** Time. */
  readonly time: Clock & Timers;
  /** Randomness fit for keys and nonces. */
  readonly random: RandomSource;
  /** Cryptography. */
  readonly crypto: CryptoProvider;
  /** Compression. */
  readonly zstd: ZstdProvider;
  /** CRC-32C of `bytes`, unsigned. */
  crc32c(bytes: Uint8Array): number;
  /** Memory with whatever content, for those who overwrite all of it. Absent: zeroed memory will do. */
  allocate?(bytes: number): Uint8Array;
}
