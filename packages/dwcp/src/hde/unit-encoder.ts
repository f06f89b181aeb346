import { Codec, SLOT_NONE } from "../wire/codec.js";
import { AnchorScan } from "./anchor-scan.js";
import { gatherLiterals, type PagePlan, planPages } from "./encode-pages.js";
import {
  encodeCopies,
  encodeNearCopies,
  findShifted,
  partOf,
  type ShiftedUnit,
} from "./encode-shifted.js";
import { encodeRaw, type UnitSettings } from "./encode-unit.js";
import { type EncodedBody, joinParts, shorter } from "./encoded-body.js";
import { encodeLiterals, isWorthCompressing } from "./literal-codecs.js";
import { LiteralSearch, type PrefixOrigin } from "./literal-search.js";
import { type Literals, xorInto } from "./literals.js";
import { knownShare } from "./known-share.js";
import { PageKind, writePageRuns } from "./page-ops.js";
import { gatherRanges, overlapOf } from "./ranges.js";
import type { Reference } from "./reference.js";
import { TrialBook } from "./trial-book.js";

const XOR_SAMPLE_PAGES = 16;
const SAMPLE_LEVEL = 1;
// The sample lacks the similar pages that a prefix would also hold.
const XOR_MARGIN = 0.9;
// Of what pages take, for another way to be tried again.
const WORTHWHILE = 15 / 16;
// The share of its changed pages from which on a unit is plainly made of what stands elsewhere.
const PLAIN_SHARE = 0.5;
// From here on so little is left to compress that copies are always worth their time.
const COPIED_SHARE = 0.9;
const SHIFTED_WAYS: readonly Way[] = ["copies", "nearCopies", "pages"];

type Way = "copies" | "nearCopies" | "pages";

/**
 * Encodes units against one reference, by whatever comes out shortest of what won lately.
 *
 * @see spec/dwcp.md B10
 */
export class UnitEncoder {
  readonly #settings: UnitSettings;
  readonly #scan = new AnchorScan();
  // Of units that are plainly made of what stands elsewhere, and of all others.
  readonly #plainly = new TrialBook<Way>();
  readonly #faintly = new TrialBook<Way>();
  readonly #xor = new TrialBook<"xor">();
  readonly #search: LiteralSearch;

  /** The settings stay; another level is another encoder. */
  constructor(settings: UnitSettings) {
    this.#settings = settings;
    this.#search = new LiteralSearch(settings);
  }

  /**
   * Encodes one unit.
   *
   * @param kinds Of `classifyPages`, for the pages of this unit.
   * @param own What the receiver has of the object, where a unit may refer to that and `reference` at once.
   */
  encode(
    raw: Uint8Array,
    rawOffset: number,
    kinds: Uint8Array,
    reference: Reference,
    own?: Reference,
  ): EncodedBody {
    const { platform } = this.#settings;
    const plan = planPages(raw, rawOffset, kinds, reference, this.#settings, this.#scan);
    const { scan, literalBytes } = plan;
    if (scan === undefined || reference.anchors === undefined || literalBytes === 0) {
      return this.#encodePages(raw, rawOffset, plan, reference);
    }
    const here = reference.isInPlace ? rawOffset : -1;
    const parts = own === undefined ? [reference] : [reference, own];
    const known = knownShare(raw, scan, parts.map(partOf), here);
    // Of the changed pages: the others are known anyway.
    const share = 1 - ((1 - known) * raw.length) / literalBytes;
    const trials = share < PLAIN_SHARE ? this.#faintly : this.#plainly;
    const due = SHIFTED_WAYS.filter(
      (way) => trials.isDue(way) || (way === "copies" && share >= COPIED_SHARE),
    );
    const shifted = due.some((way) => way !== "pages")
      ? findShifted({ raw, rawOffset, scan, reference, own }, literalBytes, platform)
      : undefined;
    if (shifted !== undefined) return this.#shortest(raw, rawOffset, plan, shifted, due, trials);
    trials.note(SHIFTED_WAYS, "pages");
    return this.#encodePages(raw, rawOffset, plan, reference);
  }

  // By the ways that won lately. What saves little does not make a way worth its time: pages are made faster.
  #shortest(
    raw: Uint8Array,
    rawOffset: number,
    plan: PagePlan,
    shifted: ShiftedUnit,
    due: readonly Way[],
    trials: TrialBook<Way>,
  ): EncodedBody {
    const { reference } = shifted;
    const made = new Map<Way, EncodedBody>();
    for (const way of due) {
      const body =
        way === "pages"
          ? this.#encodePages(raw, rawOffset, plan, reference)
          : this.#encodeShifted(way, shifted);
      if (body !== undefined) made.set(way, body);
    }
    const paged = made.get("pages");
    let best = paged;
    let winner: Way | undefined = paged && "pages";
    for (const [way, body] of made) {
      if (best !== undefined && shorter(best, body) === best) continue;
      best = body;
      const isWorthIt =
        paged === undefined || body.encoded.length < WORTHWHILE * paged.encoded.length;
      if (isWorthIt) winner = way;
    }
    trials.note(SHIFTED_WAYS, winner);
    return best ?? this.#encodePages(raw, rawOffset, plan, reference);
  }

  #encodeShifted(way: Exclude<Way, "pages">, shifted: ShiftedUnit): EncodedBody | undefined {
    return way === "copies"
      ? encodeCopies(shifted, this.#settings)
      : encodeNearCopies(shifted, this.#settings);
  }

  #encodePages(
    raw: Uint8Array,
    rawOffset: number,
    plan: PagePlan,
    reference: Reference,
  ): EncodedBody {
    const { platform, pageBytes, level, prefixMemory } = this.#settings;
    const { zstd } = platform;
    const { literalBytes } = plan;
    const isXor = this.#isXorBetter(raw, rawOffset, plan, reference);
    const { prefix, behind: literals } = gatherRanges(
      reference.source,
      isXor || level === 0 ? [] : plan.prefix,
      literalBytes,
      prefixMemory,
    );
    gatherLiterals(raw, plan, pageBytes, literals);
    const best = isXor
      ? this.#xored(literals, this.#sameOffset(rawOffset, plan, reference))
      : this.#compressed(literals, prefix, reference.isInPlace ? "earlier" : "own");
    const ranges = best.codec === Codec.PREFIX_ZSTD ? plan.prefix : [];
    if (literalBytes > 0 && plan.runs.length === 1 && ranges.length === 0) {
      // One run of literals: the codec of the literals is the codec of the unit.
      if (best.codec === Codec.RAW) return encodeRaw(raw);
      if (best.codec === Codec.ZSTD)
        return {
          codec: Codec.ZSTD,
          codecFlags: 0,
          baselineSlot: SLOT_NONE,
          dictionarySlot: 0,
          encoded: best.bytes,
        };
    }
    const usesBaseline =
      best.codec === Codec.PREFIX_ZSTD ||
      best.codec === Codec.XOR_ZSTD ||
      plan.runs.some(({ kind }) => kind === PageKind.SAME || kind === PageKind.COPY);
    return {
      codec: Codec.PAGES,
      baselineSlot: usesBaseline ? reference.slot : SLOT_NONE,
      dictionarySlot: 0,
      ...joinParts(writePageRuns(plan.runs, rawOffset / pageBytes), ranges, rawOffset, best, zstd),
    };
  }

  #compressed(literals: Uint8Array, prefix: Uint8Array, origin: PrefixOrigin): Literals {
    const { platform, level, minRatio } = this.#settings;
    const { zstd } = platform;
    if (literals.length > 0 && level > 0) {
      if (prefix.length > 0) return this.#search.encode(literals, prefix, origin);
      if (!isWorthCompressing(literals, zstd, minRatio))
        return { codec: Codec.RAW, bytes: literals };
    }
    return encodeLiterals(literals, prefix, zstd, level);
  }

  // Changes `literals` where that makes them shorter.
  #xored(literals: Uint8Array, base: Uint8Array): Literals {
    const { platform, level } = this.#settings;
    const bytes = platform.zstd.compress(xorInto(literals, base), { level });
    if (bytes.length < literals.length) return { codec: Codec.XOR_ZSTD, bytes };
    return { codec: Codec.RAW, bytes: xorInto(literals, base) };
  }

  // Tried on a few pages: it is faster than a prefix, and rarely smaller. spec/dwcp.md B10
  #isXorBetter(raw: Uint8Array, rawOffset: number, plan: PagePlan, reference: Reference): boolean {
    const { level } = this.#settings;
    if (level === 0 || plan.literalBytes === 0 || !reference.isInPlace) return false;
    if (!this.#xor.isDue("xor")) {
      this.#xor.note(["xor"], undefined);
      return false;
    }
    const isBetter = this.#isXorSampleShorter(raw, rawOffset, plan, reference);
    this.#xor.note(["xor"], isBetter ? "xor" : undefined);
    return isBetter;
  }

  #isXorSampleShorter(
    raw: Uint8Array,
    rawOffset: number,
    plan: PagePlan,
    reference: Reference,
  ): boolean {
    const { platform, pageBytes } = this.#settings;
    const step = Math.max(1, Math.floor(plan.literalStarts.length / XOR_SAMPLE_PAGES));
    const picked = plan.literalStarts
      .filter((_, at) => at % step === 0)
      .slice(0, XOR_SAMPLE_PAGES)
      .filter((start) => start + pageBytes <= raw.length)
      .filter((start) => rawOffset + start + pageBytes <= reference.source.length);
    if (picked.length === 0) return false;
    const fresh = new Uint8Array(picked.length * pageBytes);
    const old = new Uint8Array(fresh.length);
    for (const [index, start] of picked.entries()) {
      fresh.set(raw.subarray(start, start + pageBytes), index * pageBytes);
      old.set(reference.source.read(rawOffset + start, pageBytes), index * pageBytes);
    }
    const level = SAMPLE_LEVEL;
    const prefixed = platform.zstd.compress(fresh, { level, prefix: old }).length;
    return platform.zstd.compress(xorInto(fresh, old), { level }).length < prefixed * XOR_MARGIN;
  }

  #sameOffset(rawOffset: number, plan: PagePlan, { source }: Reference): Uint8Array {
    const { pageBytes } = this.#settings;
    const base = new Uint8Array(plan.literalBytes);
    for (const [index, start] of plan.literalStarts.entries()) {
      const at = rawOffset + start;
      const wanted = Math.min(pageBytes, base.length - index * pageBytes);
      base.set(overlapOf(source, at, wanted), index * pageBytes);
    }
    return base;
  }
}
