import type { Capability } from "../capability.js";

/** Authenticated encryption of many packets in one call. It knows no protocol: keys, nonces and bytes. */
export interface BatchCrypto {
  /** Reports the ciphers and engines that are there. */
  capabilities(): readonly Capability[];
  /**
   * Makes room for keys.
   *
   * @param slots Number of keys it holds, at most 1048576.
   * @throws RangeError.
   */
  createKeyRing(slots: number, options?: KeyRingOptions): KeyRing;
}

/** How a ring computes. */
export interface KeyRingOptions {
  /** `fastest`, the default, takes the multi-buffer library where it is there and computes what OpenSSL computes. */
  readonly engine?: "fastest" | "openssl";
}

/** The ciphers. Each has 12-byte initialisation vectors and 16-byte tags. */
export type AeadAlgorithm = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

/** The bytes of a batch, and the rows that say where in them each packet lies: see {@link Aead}. */
export interface AeadBatch {
  /** What travels: additional data, ciphertext and tags. */
  readonly wire: Uint8Array;
  /** What does not: plaintext. The same array as `wire` for packets that are sealed and opened in place. */
  readonly plain: Uint8Array;
  /** The rows. */
  readonly meta: Int32Array;
}

/** Keys in numbered slots. */
export interface KeyRing {
  /** What computes, such as `intel-ipsec-mb 1.3.0` or `OpenSSL 3.0.19 …`. */
  readonly engine: string;
  /**
   * Puts a key into a slot, in place of the one there. Key and vector are copied.
   *
   * @param iv 12 bytes, into which the nonce words of each row go by exclusive or.
   * @throws {@link NativeIoError} `native_io.unsupported` where this OpenSSL lacks the cipher; `native_io.closed`.
   * @throws RangeError for a slot, key or vector that cannot be.
   */
  setKey(slot: number, algorithm: AeadAlgorithm, key: Uint8Array, iv: Uint8Array): void;
  /** Forgets the key of a slot and overwrites it. */
  dropKey(slot: number): void;
  /**
   * Seals the first `count` rows: plaintext from `plain`, ciphertext and tag to `wire`.
   *
   * A nonce must never come twice under one key; who fills the rows sees to that.
   *
   * @returns How many rows are done; the `result` of each says why not.
   * @throws RangeError when there are fewer rows.
   */
  seal(batch: AeadBatch, count: number): number;
  /** Opens the first `count` rows: ciphertext and tag from `wire`, plaintext to `plain`. See {@link KeyRing.seal}. */
  open(batch: AeadBatch, count: number): number;
  /** Forgets every key and overwrites them; harmless the second time. */
  close(): void;
}
