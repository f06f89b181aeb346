import type { ByteSource } from "./byte-source.js";
import { AnchorScan } from "./gear.js";

// Positions are kept in 32 bits.
const MAX_INDEXED_BYTES = 2 ** 32 - 2;
const BYTES_PER_SLOT = 64;
const MIN_SLOTS = 1_024;
const SCAN_BYTES = 262_144;
// A multiplier that spreads the hash over the table; the top bits of an anchor's hash are all 0.
const SPREAD = 0x9e3779b1;
/** An anchor depends on this many bytes before it. */
export const ANCHOR_BYTES = 32;

/**
 * Finds where a baseline holds the same 32 bytes: content anchors and their last positions.
 *
 * What it says is a hint; bytes decide. Its table may lie in shared memory, so that workers use one.
 *
 * @see spec/dwcp.md B10
 */
export class AnchorIndex {
  readonly #slots: Uint32Array;
  readonly #shift: number;
  readonly #scan = new AnchorScan();

  /** `slots` is what {@link anchorSlots} made, empty or filled by another thread. */
  constructor(slots: Uint32Array) {
    this.#slots = slots;
    this.#shift = 32 - Math.log2(slots.length);
  }

  /** The table, in bytes. */
  get tableBytes(): number {
    return this.#slots.byteLength;
  }

  /** Adds the anchors of all of `source`; bytes from 4 GiB on are left out. */
  addAll(source: ByteSource): void {
    const end = Math.min(source.length, MAX_INDEXED_BYTES);
    for (let at = 0; at < end; at += SCAN_BYTES) {
      // A little of what came before, so that anchors at the seam are found as anywhere.
      const from = Math.max(0, at - ANCHOR_BYTES);
      this.add(source.read(from, Math.min(SCAN_BYTES, end - at) + at - from), from);
    }
  }

  /** Adds the anchors of `bytes`, which stand at `offset`. */
  add(bytes: Uint8Array, offset: number): void {
    if (offset + bytes.length > MAX_INDEXED_BYTES) return;
    const scan = this.#scan;
    scan.scan(bytes);
    for (let at = 0; at < scan.count; at++) {
      const position = scan.positions[at] ?? 0;
      if (position < ANCHOR_BYTES && offset > 0) continue;
      this.#slots[this.#slotOf(scan.hashes[at] ?? 0)] = offset + position;
    }
  }

  /** Gives the position behind 32 bytes that may have this hash, or 0. */
  find(hash: number): number {
    return this.#slots[this.#slotOf(hash)] ?? 0;
  }

  #slotOf(hash: number): number {
    return Math.imul(hash, SPREAD) >>> this.#shift;
  }
}

/** Makes an empty table for a baseline of `bytes`, in memory that threads can share. */
export function anchorSlots(bytes: number): Uint32Array<SharedArrayBuffer> {
  const wanted = Math.max(MIN_SLOTS, Math.min(bytes, MAX_INDEXED_BYTES) / BYTES_PER_SLOT);
  const slots = 2 ** Math.ceil(Math.log2(wanted));
  return new Uint32Array(new SharedArrayBuffer(4 * slots));
}

/** Makes the index of a whole baseline. */
export function indexOf(source: ByteSource): AnchorIndex {
  const index = new AnchorIndex(anchorSlots(source.length));
  index.addAll(source);
  return index;
}
