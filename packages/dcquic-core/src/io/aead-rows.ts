import { Aead, AEAD_ROW, type AeadBatch, AeadResult, type KeyRing } from "@proj/native-io";
import type { AeadJob } from "../crypto/backend.js";

const INITIAL_ROWS = 256;
const NO_BYTES = new Uint8Array(0);

/** Describes packets of one slab, row by row, to be sealed or opened with one native call. */
export class AeadRows {
  /** How many there are. */
  count = 0;
  #meta = new Int32Array(INITIAL_ROWS * AEAD_ROW);
  #slab: Uint8Array = NO_BYTES;
  #batch: AeadBatch | undefined;

  /** Adds a packet under the key of a slot. Returns its row, or -1 for one that does not lie in the slab of the others. */
  add(slot: number, job: AeadJob): number {
    if (job.aad !== job.bytes || (this.count > 0 && job.bytes !== this.#slab)) return -1;
    const row = this.count;
    if ((row + 1) * AEAD_ROW > this.#meta.length) this.#grow();
    if (job.bytes !== this.#slab) {
      this.#slab = job.bytes;
      this.#batch = undefined;
    }
    describeRow(this.#meta, row * AEAD_ROW, slot, job);
    this.count = row + 1;
    return row;
  }

  /** Adds what lies `strideBytes` behind the latest row and differs in the last two words of the nonce only. Returns its row. */
  addNext(strideBytes: number, nonce1: number, nonce2: number): number {
    const row = this.count;
    if ((row + 1) * AEAD_ROW > this.#meta.length) this.#grow();
    const meta = this.#meta;
    const at = row * AEAD_ROW;
    const before = at - AEAD_ROW;
    meta[at + Aead.aad] = (meta[before + Aead.aad] ?? 0) + strideBytes;
    meta[at + Aead.aadLength] = meta[before + Aead.aadLength] ?? 0;
    meta[at + Aead.wire] = (meta[before + Aead.wire] ?? 0) + strideBytes;
    meta[at + Aead.plain] = (meta[before + Aead.plain] ?? 0) + strideBytes;
    meta[at + Aead.length] = meta[before + Aead.length] ?? 0;
    meta[at + Aead.slot] = meta[before + Aead.slot] ?? 0;
    meta[at + Aead.nonce0] = meta[before + Aead.nonce0] ?? 0;
    meta[at + Aead.nonce1] = nonce1;
    meta[at + Aead.nonce2] = nonce2;
    this.count = row + 1;
    return row;
  }

  /** Seals all rows. @throws RangeError unless all of them are done. */
  seal(ring: KeyRing): void {
    if (this.count === 0) return;
    const done = ring.seal(this.#rows(), this.count);
    if (done !== this.count) throw new RangeError(`${this.count - done} packets did not seal`);
  }

  /** Opens all rows. */
  open(ring: KeyRing): void {
    if (this.count > 0) ring.open(this.#rows(), this.count);
  }

  /** Whether a row was sealed, or was authentic. */
  isDone(row: number): boolean {
    return this.#meta[row * AEAD_ROW + Aead.result] === AeadResult.done;
  }

  /** Where the tag of a row lies that has no body. */
  tagOf(row: number): number {
    return this.#meta[row * AEAD_ROW + Aead.wire] ?? 0;
  }

  /** Forgets all rows, and in which slab they lay. */
  clear(): void {
    this.count = 0;
  }

  #rows(): AeadBatch {
    this.#batch ??= { wire: this.#slab, plain: this.#slab, meta: this.#meta };
    return this.#batch;
  }

  #grow(): void {
    const wider = new Int32Array(2 * this.#meta.length);
    wider.set(this.#meta);
    this.#meta = wider;
    this.#batch = undefined;
  }
}

/** Writes what a job says into the row at `at`. */
export function describeRow(meta: Int32Array, at: number, slot: number, job: AeadJob): void {
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
