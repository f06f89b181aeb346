import { Aead, AEAD_ROW, type AeadBatch, AeadResult, type KeyRing } from "@proj/native-io";
import type { AeadJob } from "../crypto/backend.js";
import { highWord } from "../wire/id64.js";

const INITIAL_ROWS = 256;
const NO_BYTES = new Uint8Array(0);

/** Describes packets of one slab, row by row, to be sealed or opened with one native call. */
export class AeadRows {
  /** How many there are. */
  count = 0;
  // The latest row that is described; those behind it are of its run.
  #described = 0;
  #meta = new Int32Array(INITIAL_ROWS * AEAD_ROW);
  #slab: Uint8Array = NO_BYTES;
  #batch: AeadBatch | undefined;

  /** Adds a packet under the key of a slot. Returns its row, or -1 for one that does not lie in the slab of the others. */
  add(slot: number, job: AeadJob): number {
    if (job.aad !== job.bytes || (this.count > 0 && job.bytes !== this.#slab)) return -1;
    const row = this.count;
    this.#reserve(row + 1);
    if (job.bytes !== this.#slab) {
      this.#slab = job.bytes;
      this.#batch = undefined;
    }
    describeRow(this.#meta, row * AEAD_ROW, slot, job);
    this.#described = row;
    this.count = row + 1;
    return row;
  }

  /**
   * Adds `count` packets that are like the latest row, each `strideBytes` behind the one before. Their numbers, and that of the latest
   * row, follow one another; the first of them is `number`. Returns the row of that one.
   */
  addNext(strideBytes: number, number: number, count: number): number {
    const row = this.count;
    this.#reserve(row + count);
    const meta = this.#meta;
    const at = this.#described * AEAD_ROW;
    const more = meta[at + Aead.more] ?? 0;
    if (more > 0 && meta[at + Aead.stride] !== strideBytes) {
      this.#describeNext(at, row, strideBytes, number);
      if (count > 1) this.#goOn(row, strideBytes, number, count - 1);
    } else this.#goOn(this.#described, strideBytes, number - 1 - more, more + count);
    this.count = row + count;
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

  // Says that `more` packets follow the one that `row` describes, which has the number `number`.
  #goOn(row: number, strideBytes: number, number: number, more: number): void {
    const meta = this.#meta;
    const at = row * AEAD_ROW;
    meta[at + Aead.more] = more;
    meta[at + Aead.stride] = strideBytes;
    meta[at + Aead.number0] = number;
    meta[at + Aead.number1] = highWord(number);
  }

  // Describes the packet with the number `number` that lies `strideBytes` behind the last one of the run at `from`.
  #describeNext(from: number, row: number, strideBytes: number, number: number): void {
    const meta = this.#meta;
    const at = row * AEAD_ROW;
    const behind = (meta[from + Aead.more] ?? 0) * (meta[from + Aead.stride] ?? 0) + strideBytes;
    meta.copyWithin(at, from, from + AEAD_ROW);
    meta[at + Aead.aad] = (meta[from + Aead.aad] ?? 0) + behind;
    meta[at + Aead.wire] = (meta[from + Aead.wire] ?? 0) + behind;
    meta[at + Aead.plain] = (meta[from + Aead.plain] ?? 0) + behind;
    meta[at + Aead.nonce1] =
      (meta[from + Aead.nonce1] ?? 0) ^ (meta[from + Aead.number0] ?? 0) ^ (number >>> 0);
    meta[at + Aead.nonce2] =
      (meta[from + Aead.nonce2] ?? 0) ^ (meta[from + Aead.number1] ?? 0) ^ highWord(number);
    meta[at + Aead.more] = 0;
    this.#described = row;
  }

  #reserve(rows: number): void {
    if (rows * AEAD_ROW <= this.#meta.length) return;
    const wider = new Int32Array(Math.max(rows * AEAD_ROW, 2 * this.#meta.length));
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
  meta[at + Aead.more] = 0;
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
