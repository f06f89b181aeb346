import type { SearchName } from "../zstd/zstd-engine.js";
import type { UnitSettings } from "./encode-unit.js";
import { encodeLiterals } from "./literal-codecs.js";
import type { Literals } from "./literals.js";
import { TrialBook } from "./trial-book.js";

// Literals that shrink less are most of what is sent of memory that changed a lot, and few of the pages that moved are among them.
const HARD_RATIO = 8;
// Of what a fast search makes.
const WORTHWHILE = 31 / 32;
// Of so many units that are searched deeply one is made both ways, to see whether that still pays.
const CHECKED_UNITS = 16;
// Below, whoever chose the level has no time; at it, there is time for one unit in two; from the upper one on, the level's own
// search is as deep.
const LEAST_LEVEL = 3;
const DEEP_LEVEL = 8;
// Where so little changed in each page, or there is so little of it, two tables take no longer than one and find more.
const EASY_RATIO = 48;
const SHORT_BYTES = 131_072;

/** What stands before literals: pages of an earlier state, or of the same one. */
export type PrefixOrigin = "earlier" | "own";

/**
 * Compresses the literals of one unit after the other with what stands before them: by a fast search where they shrink a lot, and
 * by a deep one, which takes three times as long, where they do not and it has paid lately.
 *
 * @see spec/dwcp.md B10, B11
 */
export class LiteralSearch {
  readonly #settings: Pick<UnitSettings, "platform" | "level">;
  readonly #trials = new TrialBook<"deep">();
  readonly #isDeepOffered: boolean;
  // Of the last unit: memory beside it is alike.
  #ratio = EASY_RATIO / 2;
  #hasPaid = false;
  #unchecked = 0;
  #isResting = false;

  /** The settings stay; another level is another search. */
  constructor(settings: Pick<UnitSettings, "platform" | "level">) {
    const { level, platform } = settings;
    this.#settings = settings;
    this.#isDeepOffered =
      platform.zstd.canSearchDeep === true && level >= LEAST_LEVEL && level < DEEP_LEVEL;
  }

  /** Compresses `literals` with `prefix`, which is not empty, before them; leaves them alone where that is shorter. */
  encode(literals: Uint8Array, prefix: Uint8Array, origin: PrefixOrigin): Literals {
    const isOffered = this.#isDeepOffered && !this.#isResting;
    const isDue = isOffered && this.#trials.isDue("deep");
    this.#isResting = false;
    if (isDue && this.#ratio < HARD_RATIO && this.#hasPaid && this.#unchecked < CHECKED_UNITS) {
      this.#unchecked++;
      const deep = this.#search(literals, prefix, "deep");
      this.#ratio = literals.length / deep.bytes.length;
      return deep;
    }
    const fast = this.#search(literals, prefix, this.#fastFor(literals, origin));
    this.#ratio = literals.length / fast.bytes.length;
    if (!isOffered || this.#ratio >= HARD_RATIO) return fast;
    const deep = isDue ? this.#search(literals, prefix, "deep") : undefined;
    this.#note(deep !== undefined && deep.bytes.length < WORTHWHILE * fast.bytes.length);
    return deep !== undefined && deep.bytes.length < fast.bytes.length ? deep : fast;
  }

  #fastFor(literals: Uint8Array, origin: PrefixOrigin): SearchName {
    const isSmall = this.#ratio >= EASY_RATIO || literals.length < SHORT_BYTES;
    return isSmall || origin === "own" ? "wide" : "single";
  }

  #note(hasPaid: boolean): void {
    this.#hasPaid = hasPaid;
    this.#unchecked = 0;
    this.#trials.note(["deep"], hasPaid ? "deep" : undefined);
  }

  #search(literals: Uint8Array, prefix: Uint8Array, search: SearchName): Literals {
    const { platform, level } = this.#settings;
    if (search === "deep") this.#isResting = level === LEAST_LEVEL;
    return encodeLiterals(literals, prefix, platform.zstd, level, search);
  }
}
