import type { MsgId } from "./wire/header.js";

/** What {@link DedupWindow.check} finds. */
export type DedupVerdict = "new" | "duplicate" | "tooOld" | "replay";

/** How a {@link DedupWindow} treats ids far ahead. */
export interface DedupWindowOptions {
  /** Largest step above the highest completed id; default 2^20, `Infinity` for profiles whose ids are clock values. */
  readonly maxStep?: number;
}

const DEFAULT_MAX_STEP = 2 ** 20;

/**
 * Remembers which of the last `size` message ids of one direction were completed.
 *
 * An id enters the window only by `complete`, after CRC, AEAD and assembly. Id 0 is never a duplicate and never enters;
 * the ids of HELLO and CAPS must not be shown to it.
 *
 * @see spec/xcp.md §10
 */
export class DedupWindow {
  /** How many ids are remembered. */
  readonly size: number;
  readonly #maxStep: number;
  readonly #bits: Uint8Array;
  #highest: MsgId = 0;

  /** Remembers `size` ids, a bit each. */
  constructor(size: number, options: DedupWindowOptions = {}) {
    this.size = size;
    this.#maxStep = options.maxStep ?? DEFAULT_MAX_STEP;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  /** The highest completed id, 0 before the first. */
  get highest(): MsgId {
    return this.#highest;
  }

  /** Tells what to do with a message of this id; changes nothing. */
  check(id: MsgId): DedupVerdict {
    if (id === 0) return "new";
    const step = distance(id, this.#highest);
    if (step > 0) return step > this.#maxStep ? "replay" : "new";
    if (step <= -this.size) return "tooOld";
    return this.#isSet(this.#slot(id)) ? "duplicate" : "new";
  }

  /** Records that the message of this id was completed. */
  complete(id: MsgId): void {
    if (id === 0) return;
    const step = distance(id, this.#highest);
    if (step <= -this.size) return;
    if (step > 0) {
      this.#forget(step);
      this.#highest = id;
    }
    const slot = this.#slot(id);
    this.#bits[slot >> 3] = (this.#bits[slot >> 3] ?? 0) | (1 << (slot & 7));
  }

  // Slots are reused: the ids between the old and the new highest were not completed yet.
  #forget(step: number): void {
    if (step >= this.size) {
      this.#bits.fill(0);
      return;
    }
    let slot = this.#slot(this.#highest);
    for (let i = 0; i < step; i++) {
      slot = slot + 1 === this.size ? 0 : slot + 1;
      this.#bits[slot >> 3] = (this.#bits[slot >> 3] ?? 0) & ~(1 << (slot & 7));
    }
  }

  #isSet(slot: number): boolean {
    return ((this.#bits[slot >> 3] ?? 0) & (1 << (slot & 7))) !== 0;
  }

  #slot(id: MsgId): number {
    return typeof id === "number" ? id % this.size : Number(id % BigInt(this.size));
  }
}

// Exact where it matters: distances beyond 2^53 are larger than every window and step anyway.
function distance(id: MsgId, from: MsgId): number {
  if (typeof id === "number" && typeof from === "number") return id - from;
  return Number(BigInt(id) - BigInt(from));
}
