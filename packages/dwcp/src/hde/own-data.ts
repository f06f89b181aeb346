import { SLOT_SELF } from "../wire/codec.js";
import { AnchorIndex, anchorSlots } from "./anchor-index.js";
import { type ByteSource, startOf } from "./byte-source.js";
import type { HdePlatform } from "./hde-platform.js";
import { indexChanges } from "./index-changes.js";
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
  readonly #baseline: ByteSource | undefined;
  readonly #platform: Pick<HdePlatform, "anchors" | "equal">;
  readonly #anchors: AnchorIndex;
  /** The table of the anchors, for workers. */
  readonly slots: Uint32Array<SharedArrayBuffer>;
  // Acknowledged stretches beyond the first gap: start to end.
  readonly #later = new Map<number, number>();
  #bytes = 0;

  /**
   * Nothing of `object` is acknowledged yet.
   *
   * @param baseline What units refer to besides: what it holds at the same place is not looked for here.
   */
  constructor(
    object: ByteSource,
    platform: Pick<HdePlatform, "anchors" | "equal">,
    baseline?: ByteSource,
  ) {
    this.#object = object;
    this.#baseline = baseline;
    this.#platform = platform;
    this.slots = anchorSlots(object.length);
    this.#anchors = new AnchorIndex(this.slots, platform);
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
    return {
      slot: SLOT_SELF,
      source: startOf(this.#object, this.#bytes),
      anchors: this.#anchors,
      isInPlace: false,
    };
  }

  #extendTo(end: number): void {
    if (end <= this.#bytes) return;
    const stretch = { from: this.#bytes, to: end };
    indexChanges(this.#anchors, this.#object, stretch, this.#baseline, this.#platform);
    this.#bytes = end;
  }
}
