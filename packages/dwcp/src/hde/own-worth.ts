import type { UnitBody } from "../wire/chunk.js";
import { Codec, SLOT_SELF } from "../wire/codec.js";

// Where the baseline gives this much, own data cannot add what their index costs: where content moves, and where it changes in
// place, since then its like is in the baseline.
const MAX_MOVED_RATIO = 64;
const MAX_IN_PLACE_RATIO = 16;
// In place, so much that changed is enough to see whether units refer to own data at all, and from which share on it pays.
const JUDGED_BYTES = 16_777_216;
const REFERRED_SHARE = 1 / 16;
// From this share of moved bytes on content counts as moving.
const MOVED_SHARE = 1 / 16;
const MOVED_CODECS: ReadonlySet<number> = new Set([
  Codec.PREFIX_ZSTD,
  Codec.COPYLIT,
  Codec.JOINT_ZSTD,
]);

/**
 * Tells whether it pays to index what the receiver has of an object itself, by what its units came to so far.
 *
 * @see spec/dwcp.md B10
 */
export class OwnWorth {
  readonly #hasBaseline: boolean;
  #raw = 0;
  #encoded = 0;
  #changed = 0;
  #moved = 0;
  #referred = 0;

  /** Without a baseline it always pays: there is nothing else. */
  constructor(reference: "baseline" | "none") {
    this.#hasBaseline = reference === "baseline";
  }

  /** Takes note of a unit that was encoded. */
  note({
    codec,
    rawBytes,
    encoded,
    baselineSlot,
  }: Pick<UnitBody, "codec" | "rawBytes" | "encoded" | "baselineSlot">): void {
    this.#raw += rawBytes;
    this.#encoded += encoded.length;
    if (codec !== Codec.SAME && codec !== Codec.ZERO) this.#changed += rawBytes;
    if (MOVED_CODECS.has(codec)) this.#moved += rawBytes;
    if (baselineSlot === SLOT_SELF || codec === Codec.JOINT_ZSTD) this.#referred += rawBytes;
  }

  /** Whether it pays from here on. */
  get pays(): boolean {
    if (!this.#hasBaseline) return true;
    const isMoving = this.#moved >= MOVED_SHARE * this.#changed;
    if (isMoving) return this.#raw <= MAX_MOVED_RATIO * this.#encoded;
    const isIdle = this.#changed > JUDGED_BYTES && this.#referred < REFERRED_SHARE * this.#changed;
    return !isIdle && this.#raw <= MAX_IN_PLACE_RATIO * this.#encoded;
  }
}
