import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  timingSafeEqual,
} from "node:crypto";
import type { AeadJob, CryptoBackend, PacketAead } from "../crypto/backend.js";
import { TAG_BYTES } from "../wire/constants.js";

const OPTIONS = { authTagLength: TAG_BYTES } as const;

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
    cipher.setAAD(job.aad.subarray(job.aadOffset, job.aadOffset + job.aadLength));
    if (bodyLength > 0) {
      bytes.set(cipher.update(plain.subarray(from, from + bodyLength)), bodyOffset);
    }
    cipher.final();
    bytes.set(cipher.getAuthTag(), job.tagOffset);
  };
  const openInto = (job: AeadJob, into: Uint8Array, to: number): boolean => {
    const { bytes, bodyOffset, bodyLength, tagOffset } = job;
    const decipher = createDecipheriv(cipherName, ownKey, job.nonce, OPTIONS);
    decipher.setAAD(job.aad.subarray(job.aadOffset, job.aadOffset + job.aadLength));
    decipher.setAuthTag(bytes.subarray(tagOffset, tagOffset + TAG_BYTES));
    const body = bytes.subarray(bodyOffset, bodyOffset + bodyLength);
    const plain = bodyLength > 0 ? decipher.update(body) : undefined;
    try {
      decipher.final();
    } catch {
      return false;
    }
    if (plain !== undefined) into.set(plain, to);
    return true;
  };
  return {
    seal: (job) => sealFrom(job, job.bytes, job.bodyOffset),
    sealFrom,
    open: (job) => openInto(job, job.bytes, job.bodyOffset),
    openInto,
  };
}

function asBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
