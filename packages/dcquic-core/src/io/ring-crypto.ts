import {
  Aead,
  AEAD_ROW,
  type AeadAlgorithm,
  type AeadBatch,
  AeadResult,
  type Backend,
  type KeyRing,
} from "@proj/native-io";
import type { AeadJob, CryptoBackend, PacketAead } from "../crypto/backend.js";
import type { PacketBatch } from "../crypto/packet-batch.js";
import { TAG_BYTES } from "../wire/constants.js";
import { nodeCrypto } from "./node-crypto.js";
import { RowCopies } from "./row-copies.js";

/** Keys a process has under way: control keys of both directions of its paths, and data keys. */
const SLOTS = 16_384;
const INITIAL_ROWS = 256;
const NO_BYTES = new Uint8Array(0);
// Jobs come with whole nonces.
const ZERO_IV = new Uint8Array(12);

/**
 * Makes cryptography that seals, opens and copies whole batches with one native call; keys beyond the 16,384 that its ring holds
 * go packet by packet.
 *
 * @see spec/dcquic.md §22, §27
 */
export function ringCrypto(by: Pick<Backend, "crypto" | "copies">): CryptoBackend {
  const keys = new RingKeys(by.crypto.createKeyRing(SLOTS));
  return {
    aead: (key) => keys.aead(key),
    packetBatch: () => new RingBatch(keys, new RowCopies(by.copies)),
    sha256: nodeCrypto.sha256,
    hmacSha256: nodeCrypto.hmacSha256,
    equal: nodeCrypto.equal,
  };
}

// A slot is free again when nobody can reach its cipher any more.
class RingKeys {
  readonly ring: KeyRing;
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, i) => SLOTS - 1 - i);
  readonly #unreachable = new FinalizationRegistry<number>((slot) => {
    this.ring.dropKey(slot);
    this.#free.push(slot);
  });

  constructor(ring: KeyRing) {
    this.ring = ring;
  }

  aead(key: Uint8Array): PacketAead {
    const slot = this.#free.pop();
    if (slot === undefined) return nodeCrypto.aead(key);
    const algorithm: AeadAlgorithm = key.length === 32 ? "aes-256-gcm" : "aes-128-gcm";
    this.ring.setKey(slot, algorithm, key, ZERO_IV);
    const made = new RingAead(this.ring, slot);
    this.#unreachable.register(made, slot);
    return made;
  }
}

class RingAead implements PacketAead {
  readonly slot: number;
  readonly #ring: KeyRing;
  readonly #meta = new Int32Array(AEAD_ROW);

  constructor(ring: KeyRing, slot: number) {
    this.#ring = ring;
    this.slot = slot;
  }

  seal(job: AeadJob): void {
    const done = this.#inOneSlab(job, (batch) => this.#ring.seal(batch, 1));
    if (done !== 1) throw new RangeError(`a packet did not seal: ${this.#meta[Aead.result]}`);
  }

  // Rows take associated data from the slab that is written to.
  sealFrom(job: AeadJob, plain: Uint8Array, from: number): void {
    if (job.aad !== job.bytes && job.aadLength > 0) {
      job.bytes.set(plain.subarray(from, from + job.bodyLength), job.bodyOffset);
      this.seal(job);
      return;
    }
    describe(this.#meta, 0, this.slot, job);
    this.#meta[Aead.plain] = from;
    const done = this.#ring.seal({ wire: job.bytes, plain, meta: this.#meta }, 1);
    if (done !== 1) throw new RangeError(`a message did not seal: ${this.#meta[Aead.result]}`);
  }

  open(job: AeadJob): boolean {
    return this.#inOneSlab(job, (batch) => this.#ring.open(batch, 1)) === 1;
  }

  // Rows know one slab: where associated data lies in another, the packet is worked on in a copy of both.
  #inOneSlab(job: AeadJob, run: (batch: AeadBatch) => number): number {
    if (job.aad === job.bytes || job.aadLength === 0) {
      describe(this.#meta, 0, this.slot, job);
      return run({ wire: job.bytes, plain: job.bytes, meta: this.#meta });
    }
    const sealedBytes = job.bodyLength + TAG_BYTES;
    const copy = new Uint8Array(job.aadLength + sealedBytes);
    const sealed = job.bytes.subarray(job.bodyOffset, job.bodyOffset + sealedBytes);
    copy.set(job.aad.subarray(job.aadOffset, job.aadOffset + job.aadLength));
    copy.set(sealed, job.aadLength);
    describe(this.#meta, 0, this.slot, { ...job, aadOffset: 0, bodyOffset: job.aadLength });
    const done = run({ wire: copy, plain: copy, meta: this.#meta });
    sealed.set(copy.subarray(job.aadLength));
    return done;
  }
}

class RingBatch implements PacketBatch {
  readonly #keys: RingKeys;
  readonly #copies: RowCopies;
  readonly #sealing: Rows;
  readonly #opening: Rows;
  #isOpened = false;

  constructor(keys: RingKeys, copies: RowCopies) {
    this.#keys = keys;
    this.#copies = copies;
    this.#sealing = new Rows();
    this.#opening = new Rows();
  }

  copy(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
    this.#copies.add(from, at, into, to, length);
  }

  copyAll(): void {
    this.#copies.run();
  }

  seal(aead: PacketAead, job: AeadJob): void {
    if (this.#sealing.add(aead, job) >= 0) return;
    this.copyAll();
    aead.seal(job);
  }

  sealAll(): void {
    this.copyAll();
    const rows = this.#sealing;
    if (rows.count === 0) return;
    const done = this.#keys.ring.seal(rows.batch, rows.count);
    if (done !== rows.count) throw new RangeError(`${rows.count - done} packets did not seal`);
    rows.clear();
  }

  open(aead: PacketAead, job: AeadJob): number {
    if (this.#isOpened) this.#opening.clear();
    this.#isOpened = false;
    const row = this.#opening.add(aead, job);
    return row < 0 ? this.#opening.addResult(aead.open(job)) : row;
  }

  openAll(): void {
    const rows = this.#opening;
    // Rows that were opened before name bytes that hold other packets by now.
    if (this.#isOpened) rows.clear();
    this.#isOpened = true;
    if (rows.count > 0) this.#keys.ring.open(rows.batch, rows.count);
  }

  wasOpened(ticket: number): boolean {
    return this.#opening.isDone(ticket);
  }
}

// Rows over one slab, and the results of what could not be one.
class Rows {
  count = 0;
  readonly #results: boolean[] = [];
  #meta = new Int32Array(INITIAL_ROWS * AEAD_ROW);
  #slab: Uint8Array = NO_BYTES;
  #batch: AeadBatch | undefined;

  get batch(): AeadBatch {
    this.#batch ??= { wire: this.#slab, plain: this.#slab, meta: this.#meta };
    return this.#batch;
  }

  // The number of the row, or -1 for a packet of another slab or without a slot.
  add(aead: PacketAead, job: AeadJob): number {
    if (!(aead instanceof RingAead)) return -1;
    if (job.aad !== job.bytes || (this.count > 0 && job.bytes !== this.#slab)) return -1;
    const row = this.count;
    if ((row + 1) * AEAD_ROW > this.#meta.length) this.#grow();
    if (job.bytes !== this.#slab) {
      this.#slab = job.bytes;
      this.#batch = undefined;
    }
    describe(this.#meta, row * AEAD_ROW, aead.slot, job);
    this.count = row + 1;
    return row;
  }

  // Tickets without a row count down from -2: -1 is none.
  addResult(isDone: boolean): number {
    return -1 - this.#results.push(isDone);
  }

  isDone(ticket: number): boolean {
    if (ticket < 0) return this.#results[-2 - ticket] ?? false;
    return this.#meta[ticket * AEAD_ROW + Aead.result] === AeadResult.done;
  }

  clear(): void {
    this.count = 0;
    this.#results.length = 0;
  }

  #grow(): void {
    const wider = new Int32Array(2 * this.#meta.length);
    wider.set(this.#meta);
    this.#meta = wider;
    this.#batch = undefined;
  }
}

function describe(meta: Int32Array, at: number, slot: number, job: AeadJob): void {
  const { nonce } = job;
  meta[at + Aead.aad] = job.aadOffset;
  meta[at + Aead.aadLength] = job.aadLength;
  meta[at + Aead.wire] = job.bodyOffset;
  meta[at + Aead.plain] = job.bodyOffset;
  meta[at + Aead.length] = job.bodyLength;
  meta[at + Aead.slot] = slot;
  meta[at + Aead.nonce0] = word(nonce, 0);
  meta[at + Aead.nonce1] = word(nonce, 4);
  meta[at + Aead.nonce2] = word(nonce, 8);
}

// Without destructuring: this runs three times a packet.
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
