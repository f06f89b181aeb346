import { createCipheriv, createDecipheriv, getCiphers } from "node:crypto";
import { available, type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import type { AeadAlgorithm, AeadBatch, BatchCrypto, KeyRing } from "./batch-crypto.js";
import { checkKey, checkRows, checkSlot, checkSlots } from "./key-checks.js";
import { Aead, AEAD_IV_BYTES, AEAD_ROW, AEAD_TAG_BYTES, AeadResult } from "./layout.js";

/** Batches by node:crypto, one packet after the other. */
export class PortableCrypto implements BatchCrypto {
  /** Asks Node for its ciphers. */
  capabilities(): readonly Capability[] {
    const cost = "AES-GCM runs at the speed of node:crypto, some microseconds a packet";
    return [
      available("crypto.openssl", `node:crypto, OpenSSL ${process.versions.openssl}`),
      missing("crypto.multi_buffer", "only native code can load it", cost),
    ];
  }

  /** Keys live in JavaScript's memory, and are overwritten there. */
  createKeyRing(slots: number): KeyRing {
    checkSlots(slots);
    return new PortableKeyRing(slots);
  }
}

interface Key {
  readonly algorithm: AeadAlgorithm;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

// One packet, where its bytes lie and with what.
interface Packet {
  readonly key: Key;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly inside: Uint8Array;
  readonly outside: Uint8Array;
  readonly tag: Uint8Array;
}

type Step = (packet: Packet) => number;

// More than any array holds here.
const MAX_PLACE = 2 ** 31 - 1;

class PortableKeyRing implements KeyRing {
  readonly engine: string = `node:crypto, OpenSSL ${process.versions.openssl}`;
  readonly #slots: number;
  readonly #keys = new Map<number, Key>();
  #open = true;

  constructor(slots: number) {
    this.#slots = slots;
  }

  setKey(slot: number, algorithm: AeadAlgorithm, key: Uint8Array, iv: Uint8Array): void {
    this.#live();
    checkSlot(slot, this.#slots);
    checkKey(algorithm, key, iv);
    if (!getCiphers().includes(algorithm)) {
      throw new NativeIoError("native_io.unsupported", `this OpenSSL lacks ${algorithm}`);
    }
    this.dropKey(slot);
    this.#keys.set(slot, { algorithm, key: key.slice(), iv: iv.slice() });
  }

  dropKey(slot: number): void {
    this.#live();
    checkSlot(slot, this.#slots);
    this.#forget(slot);
  }

  seal(batch: AeadBatch, count: number): number {
    return this.#run(batch, count, sealPacket);
  }

  open(batch: AeadBatch, count: number): number {
    return this.#run(batch, count, openPacket);
  }

  close(): void {
    for (const slot of this.#keys.keys()) this.#forget(slot);
    this.#open = false;
  }

  #forget(slot: number): void {
    const old = this.#keys.get(slot);
    old?.key.fill(0);
    old?.iv.fill(0);
    this.#keys.delete(slot);
  }

  #live(): void {
    if (!this.#open) throw new NativeIoError("native_io.closed", "the ring of keys is closed");
  }

  #run(batch: AeadBatch, count: number, step: Step): number {
    this.#live();
    checkRows(batch, count);
    const { meta } = batch;
    let done = 0;
    for (let i = 0; i < count;) {
      const row = meta.slice(i * AEAD_ROW, (i + 1) * AEAD_ROW);
      const more = (row[Aead.more] ?? 0) >>> 0;
      const isWhole = more < count - i;
      for (const end = isWhole ? i + 1 + more : count; i < end; i++) {
        const result = isWhole ? this.#process(batch, row, step) : AeadResult.outOfRange;
        meta[i * AEAD_ROW + Aead.result] = result;
        if (result === AeadResult.done) done++;
        advance(row);
      }
    }
    return done;
  }

  #process({ wire, plain }: AeadBatch, row: Int32Array, step: Step): number {
    const length = row[Aead.length] ?? 0;
    const aad = part(wire, row[Aead.aad] ?? 0, row[Aead.aadLength] ?? 0);
    const sealed = part(wire, row[Aead.wire] ?? 0, length + AEAD_TAG_BYTES);
    const inside = part(plain, row[Aead.plain] ?? 0, length);
    if (length < 0 || aad === undefined || sealed === undefined || inside === undefined) {
      return AeadResult.outOfRange;
    }
    if (length > 0 && overlapApart(sealed, inside)) return AeadResult.outOfRange;
    const key = this.#keys.get(row[Aead.slot] ?? -1);
    if (key === undefined) return AeadResult.noKey;
    const outside = sealed.subarray(0, length);
    const tag = sealed.subarray(length);
    return step({ key, nonce: nonceOf(key, row), aad, inside, outside, tag });
  }
}

// Makes the row of a packet that of the one after it in its run. What lies outside stays there.
function advance(row: Int32Array): void {
  const stride = (row[Aead.stride] ?? 0) >>> 0;
  for (const place of [Aead.aad, Aead.wire, Aead.plain]) {
    const at = row[place] ?? 0;
    if (at >= 0) row[place] = Math.min(at + stride, MAX_PLACE);
  }
  const [low, high] = [row[Aead.number0] ?? 0, row[Aead.number1] ?? 0];
  row[Aead.number0] = low + 1;
  row[Aead.number1] = low === -1 ? high + 1 : high;
  row[Aead.nonce1] = (row[Aead.nonce1] ?? 0) ^ low ^ (row[Aead.number0] ?? 0);
  row[Aead.nonce2] = (row[Aead.nonce2] ?? 0) ^ high ^ (row[Aead.number1] ?? 0);
}

function part(bytes: Uint8Array, offset: number, length: number): Uint8Array | undefined {
  const inside = offset >= 0 && length >= 0 && offset + length <= bytes.length;
  return inside ? bytes.subarray(offset, offset + length) : undefined;
}

// Whether bytes of one would be overwritten before they are read as the other.
function overlapApart(sealed: Uint8Array, inside: Uint8Array): boolean {
  if (sealed.buffer !== inside.buffer || sealed.byteOffset === inside.byteOffset) return false;
  return (
    sealed.byteOffset < inside.byteOffset + inside.length &&
    inside.byteOffset < sealed.byteOffset + sealed.length
  );
}

function nonceOf({ iv }: Key, row: Int32Array): Uint8Array {
  const nonce = new Uint8Array(AEAD_IV_BYTES);
  for (let i = 0; i < AEAD_IV_BYTES; i++) {
    nonce[i] = (iv[i] ?? 0) ^ ((row[Aead.nonce0 + (i >> 2)] ?? 0) >>> (8 * (i & 3)));
  }
  return nonce;
}

function sealPacket({ key, nonce, aad, inside, outside, tag }: Packet): number {
  const cipher = createCipheriv(algorithmOf(key), key.key, nonce, {
    authTagLength: AEAD_TAG_BYTES,
  });
  cipher.setAAD(aad, { plaintextLength: inside.length });
  outside.set(cipher.update(inside));
  cipher.final();
  tag.set(cipher.getAuthTag());
  return AeadResult.done;
}

function openPacket({ key, nonce, aad, inside, outside, tag }: Packet): number {
  const decipher = createDecipheriv(algorithmOf(key), key.key, nonce, {
    authTagLength: AEAD_TAG_BYTES,
  });
  decipher.setAAD(aad, { plaintextLength: inside.length });
  decipher.setAuthTag(tag);
  const opened = decipher.update(outside);
  try {
    decipher.final();
  } catch {
    inside.fill(0);
    return AeadResult.notAuthentic;
  }
  inside.set(opened);
  return AeadResult.done;
}

// Every cipher takes the same calls; Node's types tell its families apart.
function algorithmOf({ algorithm }: Key): "aes-256-gcm" {
  return algorithm as "aes-256-gcm";
}
