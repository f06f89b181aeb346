import type { Clock, RandomSource, Timers } from "@proj/wire-types";

/** What {@link Aead.seal} makes; on the wire `tag` follows `ciphertext`. */
export interface Sealed {
  /** As long as the plaintext. */
  readonly ciphertext: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/** ChaCha20-Poly1305 (RFC 8439) under one key. */
export interface Aead {
  /** Returns ciphertext and 16-byte tag, each for itself: joining them here would cost a copy of the message. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Sealed;
  /** Returns the plaintext, or `undefined` when the tag does not verify; nothing unverified leaves. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
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
