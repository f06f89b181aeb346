import type { AnchorEngine } from "./anchor-engine.js";
import type { ByteSource } from "./byte-source.js";
import { ANCHOR_BYTES } from "./gear.js";
import type { HdePlatform } from "./hde-platform.js";

// Positions are kept in 32 bits.
const MAX_INDEXED_BYTES = 2 ** 32 - 2;
const BYTES_PER_SLOT = 64;
const MIN_SLOTS = 1_024;
const SCAN_BYTES = 262_144;

/**
 * Where a baseline holds which 32 bytes: content anchors and their last positions.
 *
 * What it says is a hint; bytes decide. Its table may lie in shared memory, so that workers use one.
 *
 * @see spec/dwcp.md B10
 */
export class AnchorIndex {
  /** The table: the position behind the anchor that was added last, by the spread hash; 0 for none. */
  readonly slots: Uint32Array;
  readonly #engine: AnchorEngine;

  /** `slots` is what {@link anchorSlots} made, empty or filled by another thread. */
  constructor(slots: Uint32Array, { anchors }: Pick<HdePlatform, "anchors">) {
    this.slots = slots;
    this.#engine = anchors;
  }

  /** Adds the anchors of `source` from `from` to `to`; bytes from 4 GiB on are left out. */
  add(source: ByteSource, from: number = 0, to: number = source.length): void {
    const end = Math.min(to, MAX_INDEXED_BYTES);
    for (let at = from; at < end; at += SCAN_BYTES) {
      // A little of what came before, so that anchors at the seam are found as anywhere.
      const before = Math.min(ANCHOR_BYTES, at);
      const bytes = source.read(at - before, Math.min(SCAN_BYTES, end - at) + before);
      this.#engine.index(bytes, at - before, before, this.slots);
    }
  }
}

/** Makes an empty table for a baseline of `bytes`, in memory that threads can share. */
export function anchorSlots(bytes: number): Uint32Array<SharedArrayBuffer> {
  const wanted = Math.max(MIN_SLOTS, Math.min(bytes, MAX_INDEXED_BYTES) / BYTES_PER_SLOT);
  const slots = 2 ** Math.ceil(Math.log2(wanted));
  return new Uint32Array(new SharedArrayBuffer(4 * slots));
}

/** Makes the index of a whole baseline. */
export function indexOf(source: ByteSource, platform: Pick<HdePlatform, "anchors">): AnchorIndex {
  const index = new AnchorIndex(anchorSlots(source.length), platform);
  index.add(source);
  return index;
}
