import { SLOT_SELF } from "../wire/codec.js";
import { ANCHOR_BYTES, AnchorIndex, anchorSlots } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";
import type { Reference } from "./reference.js";

/**
 * What the receiver has acknowledged of the object that is being sent: a reference that grows.
 *
 * Only what is acknowledged without a gap from the start counts, so that no match runs into what is still under way.
 *
 * @see spec/dwcp.md B10
 */
export class OwnData {
  readonly #object: ByteSource;
  readonly #anchors: AnchorIndex;
  /** The table of the anchors, for workers. */
  readonly slots: Uint32Array<SharedArrayBuffer>;
  // Acknowledged stretches beyond the first gap: start to end.
  readonly #later = new Map<number, number>();
  #bytes = 0;

  /** Nothing of `object` is acknowledged yet. */
  constructor(object: ByteSource) {
    this.#object = object;
    this.slots = anchorSlots(object.length);
    this.#anchors = new AnchorIndex(this.slots);
  }

  /** How much, from the start, is acknowledged without a gap. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that the receiver has decoded and written a stretch. */
  acknowledge(offset: number, length: number): void {
    if (offset > this.#bytes) {
      this.#later.set(offset, Math.max(this.#later.get(offset) ?? 0, offset + length));
      return;
    }
    this.#extendTo(offset + length);
    for (;;) {
      const next = [...this.#later].find(([start]) => start <= this.#bytes);
      if (next === undefined) return;
      this.#later.delete(next[0]);
      this.#extendTo(next[1]);
    }
  }

  /** What units may refer to now; it does not grow with later acknowledgements. */
  reference(): Reference {
    const object = this.#object;
    return {
      slot: SLOT_SELF,
      source: { length: this.#bytes, read: (offset, length) => object.read(offset, length) },
      anchors: this.#anchors,
      isInPlace: false,
    };
  }

  #extendTo(end: number): void {
    const step = 262_144;
    while (this.#bytes < end) {
      const from = Math.max(0, this.#bytes - ANCHOR_BYTES);
      const to = Math.min(end, this.#bytes + step);
      this.#anchors.add(this.#object.read(from, to - from), from);
      this.#bytes = to;
    }
  }
}
