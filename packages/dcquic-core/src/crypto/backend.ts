import type { PacketBatch } from "./packet-batch.js";

/**
 * One piece of work for a {@link PacketAead}, given as places in slabs. Mutable and reused: a packet costs no object.
 *
 * The body is transformed in place; associated data and body may lie in one slab or in two.
 */
export interface AeadJob {
  /** 12 bytes. */
  nonce: Uint8Array;
  /** Slab of the associated data. */
  aad: Uint8Array;
  /** Where the associated data begins. */
  aadOffset: number;
  /** Its length. */
  aadLength: number;
  /** Slab of body and tag. */
  bytes: Uint8Array;
  /** Where the body begins. */
  bodyOffset: number;
  /** Its length, which may be 0. */
  bodyLength: number;
  /** Where the 16 bytes of the tag are. */
  tagOffset: number;
}

/** Makes a job to be filled. */
export function aeadJob(): AeadJob {
  const nothing = new Uint8Array(0);
  return {
    nonce: new Uint8Array(12),
    aad: nothing,
    aadOffset: 0,
    aadLength: 0,
    bytes: nothing,
    bodyOffset: 0,
    bodyLength: 0,
    tagOffset: 0,
  };
}

/** AES-GCM under one key. */
export interface PacketAead {
  /** Encrypts the body in place and writes the tag. */
  seal(job: AeadJob): void;
  /** Encrypts `bodyLength` bytes at `from` of `plain`, which stay as they are, to where the body lies, and writes the tag. */
  sealFrom(job: AeadJob, plain: Uint8Array, from: number): void;
  /**
   * Decrypts the body in place, or returns `false` when the tag does not verify; the body is then worthless, and must
   * not be looked at.
   */
  open(job: AeadJob): boolean;
  /**
   * Does the same, but puts what it decrypts to `to` of `into`, which is worthless where the tag does not verify. The body
   * stays as it is.
   */
  openInto(job: AeadJob, into: Uint8Array, to: number): boolean;
}

/** The cryptography an engine is given. All calls are synchronous. */
export interface CryptoBackend {
  /** Makes AES-256-GCM of a 32-byte key, AES-128-GCM of a 16-byte one. The key is copied. */
  aead(key: Uint8Array): PacketAead;
  /** Makes a batch for an engine; absent where one packet costs as much as one of many. */
  packetBatch?(): PacketBatch;
  /** SHA-256 of the parts, joined. */
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256 of the parts, joined. */
  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array;
  /** Compares in time that depends on the lengths only. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
