import {
  Aead,
  AEAD_ROW,
  type AeadAlgorithm,
  type AeadBatch,
  type Backend,
  type KeyRing,
} from "@proj/native-io";
import type { AeadJob, CryptoBackend, PacketAead } from "../crypto/backend.js";
import { type PacketBatch, TICKET_STEP } from "../crypto/packet-batch.js";
import { TAG_BYTES } from "../wire/constants.js";
import { AeadRows, describeRow } from "./aead-rows.js";
import { HeaderRows } from "./header-rows.js";
import { nodeCrypto } from "./node-crypto.js";
import { RowCopies } from "./row-copies.js";

/** Keys a process has under way: control keys of both directions of its paths, and data keys. */
const SLOTS = 16_384;
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
    packetBatch: () => new RingBatch(keys.ring, new RowCopies(by.copies)),
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
    describeRow(this.#meta, 0, this.slot, job);
    this.#meta[Aead.plain] = from;
    const done = this.#ring.seal({ wire: job.bytes, plain, meta: this.#meta }, 1);
    if (done !== 1) throw new RangeError(`a message did not seal: ${this.#meta[Aead.result]}`);
  }

  open(job: AeadJob): boolean {
    return this.#inOneSlab(job, (batch) => this.#ring.open(batch, 1)) === 1;
  }

  openInto(job: AeadJob, into: Uint8Array, to: number): boolean {
    if (job.aad !== job.bytes && job.aadLength > 0) {
      if (!this.open(job)) return false;
      into.set(job.bytes.subarray(job.bodyOffset, job.bodyOffset + job.bodyLength), to);
      return true;
    }
    describeRow(this.#meta, 0, this.slot, job);
    this.#meta[Aead.plain] = to;
    return this.#ring.open({ wire: job.bytes, plain: into, meta: this.#meta }, 1) === 1;
  }

  // Rows know one slab: where associated data lies in another, the packet is worked on in a copy of both.
  #inOneSlab(job: AeadJob, run: (batch: AeadBatch) => number): number {
    if (job.aad === job.bytes || job.aadLength === 0) {
      describeRow(this.#meta, 0, this.slot, job);
      return run({ wire: job.bytes, plain: job.bytes, meta: this.#meta });
    }
    const sealedBytes = job.bodyLength + TAG_BYTES;
    const copy = new Uint8Array(job.aadLength + sealedBytes);
    const sealed = job.bytes.subarray(job.bodyOffset, job.bodyOffset + sealedBytes);
    copy.set(job.aad.subarray(job.aadOffset, job.aadOffset + job.aadLength));
    copy.set(sealed, job.aadLength);
    describeRow(this.#meta, 0, this.slot, { ...job, aadOffset: 0, bodyOffset: job.aadLength });
    const done = run({ wire: copy, plain: copy, meta: this.#meta });
    sealed.set(copy.subarray(job.aadLength));
    return done;
  }
}

class RingBatch implements PacketBatch {
  readonly #ring: KeyRing;
  readonly #copies: RowCopies;
  readonly #sealing = new AeadRows();
  readonly #sealingHeaders = new HeaderRows();
  readonly #opening = new AeadRows();
  readonly #openingHeaders = new HeaderRows();
  // Of packets that were opened at once.
  readonly #results: boolean[] = [];
  #isOpened = false;
  // Whether the latest packet is the latest row, so that the next one can be described by how it differs.
  #isSealingRow = false;
  #isOpeningRow = false;

  constructor(ring: KeyRing, copies: RowCopies) {
    this.#ring = ring;
    this.#copies = copies;
  }

  copy(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
    this.#copies.add(from, at, into, to, length);
  }

  copyAll(): void {
    this.#copies.run();
  }

  seal(aead: PacketAead, job: AeadJob): void {
    if (aead instanceof RingAead) {
      const rows = job.aad === job.bytes ? this.#sealing : this.#sealingHeaders;
      const isRow = rows.add(aead.slot, job) >= 0;
      this.#isSealingRow = isRow && rows === this.#sealing;
      if (isRow) return;
    }
    this.#isSealingRow = false;
    this.copyAll();
    aead.seal(job);
  }

  sealNext(strideBytes: number, number: number, count: number): boolean {
    if (this.#isSealingRow) this.#sealing.addNext(strideBytes, number, count);
    return this.#isSealingRow;
  }

  sealAll(): void {
    this.#isSealingRow = false;
    this.copyAll();
    this.#sealing.seal(this.#ring);
    this.#sealing.clear();
    this.#sealingHeaders.seal(this.#ring);
  }

  // Tickets of rows are even, of headers odd; those of results count down from -2, since -1 is none.
  open(aead: PacketAead, job: AeadJob): number {
    if (this.#isOpened) this.#clear();
    this.#isOpened = false;
    if (aead instanceof RingAead) {
      const isWhole = job.aad === job.bytes;
      const rows = isWhole ? this.#opening : this.#openingHeaders;
      const row = rows.add(aead.slot, job);
      this.#isOpeningRow = isWhole && row >= 0;
      if (row >= 0) return isWhole ? TICKET_STEP * row : TICKET_STEP * row + 1;
    }
    this.#isOpeningRow = false;
    return -1 - this.#results.push(aead.open(job));
  }

  openNext(strideBytes: number, number: number, count: number): number {
    return this.#isOpeningRow
      ? TICKET_STEP * this.#opening.addNext(strideBytes, number, count)
      : -1;
  }

  openAll(): void {
    // Rows that were opened before name bytes that hold other packets by now.
    if (this.#isOpened) this.#clear();
    this.#isOpened = true;
    this.#isOpeningRow = false;
    this.#opening.open(this.#ring);
    this.#openingHeaders.open(this.#ring);
  }

  wasOpened(ticket: number): boolean {
    if (ticket < 0) return this.#results[-2 - ticket] ?? false;
    return ticket % TICKET_STEP === 0
      ? this.#opening.isDone(ticket / TICKET_STEP)
      : this.#openingHeaders.isDone((ticket - 1) / TICKET_STEP);
  }

  #clear(): void {
    this.#opening.clear();
    this.#openingHeaders.clear();
    if (this.#results.length > 0) this.#results.length = 0;
  }
}
