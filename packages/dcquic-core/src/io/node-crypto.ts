import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  timingSafeEqual,
} from "node:crypto";
import type { AeadJob, CryptoBackend, PacketAead } from "../crypto/backend.js";
import { copyNow } from "../crypto/packet-batch.js";
import { HEADER_BYTES, TAG_BYTES } from "../wire/constants.js";
import { SpentMemory } from "./spent-memory.js";

const OPTIONS = { authTagLength: TAG_BYTES } as const;
// Node copies what it is given: a copy of a few bytes here spares a view of them each time.
const header = new Uint8Array(HEADER_BYTES);
const tag = new Uint8Array(TAG_BYTES);
const spent = new SpentMemory();

/** Cryptography by OpenSSL. */
export const nodeCrypto: CryptoBackend = {
  aead: aesGcm,
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
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

function aesGcm(key: Uint8Array): PacketAead {
  const cipherName = key.length === 32 ? "aes-256-gcm" : "aes-128-gcm";
  const ownKey = new Uint8Array(key);
  const sealFrom = (job: AeadJob, plain: Uint8Array, from: number): void => {
    const { bytes, bodyOffset, bodyLength } = job;
    const cipher = createCipheriv(cipherName, ownKey, job.nonce, OPTIONS);
    cipher.setAAD(aadOf(job));
    if (bodyLength > 0) {
      const sealed = cipher.update(plain.subarray(from, from + bodyLength));
      bytes.set(sealed, bodyOffset);
      spent.add(sealed);
    }
    cipher.final();
    bytes.set(cipher.getAuthTag(), job.tagOffset);
  };
  const openInto = (job: AeadJob, into: Uint8Array, to: number): boolean => {
    const { bytes, bodyOffset, bodyLength, tagOffset } = job;
    const decipher = createDecipheriv(cipherName, ownKey, job.nonce, OPTIONS);
    decipher.setAAD(aadOf(job));
    copyNow(bytes, tagOffset, tag, 0, TAG_BYTES);
    decipher.setAuthTag(tag);
    const body = bytes.subarray(bodyOffset, bodyOffset + bodyLength);
    const plain = bodyLength > 0 ? decipher.update(body) : undefined;
    try {
      decipher.final();
    } catch {
      return false;
    }
    if (plain === undefined) return true;
    into.set(plain, to);
    spent.add(plain);
    return true;
  };
  return {
    seal: (job) => sealFrom(job, job.bytes, job.bodyOffset),
    sealFrom,
    open: (job) => openInto(job, job.bytes, job.bodyOffset),
    openInto,
  };
}

function aadOf({ aad, aadOffset, aadLength }: AeadJob): Uint8Array {
  if (aadLength !== HEADER_BYTES) return aad.subarray(aadOffset, aadOffset + aadLength);
  copyNow(aad, aadOffset, header, 0, HEADER_BYTES);
  return header;
}

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
