import type { AeadJob, CryptoBackend, PacketAead } from "./backend.js";

const TAG_BYTES = 16;
const PRIME = 0x01000193;
// Looked up once: this runs for every byte.
const { imul } = Math;

/**
 * Cryptography that hides nothing, for simulations too large for real ciphers: bodies stay as they are, tags and digests
 * are checksums that depend on key, nonce, associated data and body. Damage and wrong keys are noticed, attackers are not.
 */
export const nullCrypto: CryptoBackend = {
  aead(key: Uint8Array): PacketAead {
    const keyHash = mix(0, key, 0, key.length);
    const seal = (job: AeadJob): void => writeTag(job.bytes, job.tagOffset, checksum(keyHash, job));
    const open = (job: AeadJob): boolean => {
      const expected = checksum(keyHash, job);
      for (let i = 0; i < TAG_BYTES; i++) {
        if (job.bytes[job.tagOffset + i] !== tagByte(expected, i)) return false;
      }
      return true;
    };
    return {
      seal,
      sealFrom(job, plain, from) {
        job.bytes.set(plain.subarray(from, from + job.bodyLength), job.bodyOffset);
        seal(job);
      },
      open,
      openInto(job, into, to) {
        into.set(job.bytes.subarray(job.bodyOffset, job.bodyOffset + job.bodyLength), to);
        return open(job);
      },
    };
  },
  sha256: (parts) => digest(0, parts),
  hmacSha256: (key, parts) => digest(mix(0, key, 0, key.length), parts),
  equal(a, b) {
    let difference = a.length ^ b.length;
    for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
    return difference === 0;
  },
};

function checksum(seed: number, job: AeadJob): number {
  let hash = mix(seed, job.nonce, 0, job.nonce.length);
  hash = mix(hash, job.aad, job.aadOffset, job.aadLength);
  return mix(hash, job.bytes, job.bodyOffset, job.bodyLength);
}

function mix(seed: number, bytes: Uint8Array, offset: number, length: number): number {
  let hash = imul(seed ^ length, PRIME);
  for (let i = 0; i < length; i++) hash = imul(hash ^ (bytes[offset + i] ?? 0), PRIME);
  return hash >>> 0;
}

function writeTag(bytes: Uint8Array, offset: number, hash: number): void {
  for (let i = 0; i < TAG_BYTES; i++) bytes[offset + i] = tagByte(hash, i);
}

function tagByte(hash: number, index: number): number {
  return (hash >>> (8 * (index & 3))) & 0xff;
}

function digest(seed: number, parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(32);
  for (let word = 0; word < 8; word++) {
    let hash = imul(seed ^ (word + 1), PRIME) >>> 0;
    for (const part of parts) hash = mix(hash, part, 0, part.length);
    new DataView(out.buffer).setUint32(4 * word, hash, true);
  }
  return out;
}
