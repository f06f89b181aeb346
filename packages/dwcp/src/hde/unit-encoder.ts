import { Codec, SLOT_NONE } from "../wire/codec.js";
import { type PagePlan, planPages } from "./encode-pages.js";
import { encodeCopies, encodeNearCopies, findShifted, type ShiftedUnit } from "./encode-shifted.js";
import { encodeRaw, type UnitSettings } from "./encode-unit.js";
import { type EncodedBody, joinParts, shorter } from "./encoded-body.js";
import { encodeLiterals, isWorthCompressing } from "./literal-codecs.js";
import { type Literals, xorInto } from "./literals.js";
import { PageKind, writePageRuns } from "./page-ops.js";
import { type ByteRange, gatherRanges } from "./ranges.js";
import type { Reference } from "./reference.js";
import { SimilarPages } from "./similar-pages.js";
import { TrialBook } from "./trial-book.js";

const XOR_SAMPLE_PAGES = 16;
const NOTHING = new Uint8Array(0);
const SAMPLE_LEVEL = 1;
// The sample lacks the similar pages that a prefix would also hold.
const XOR_MARGIN = 0.9;
const SHIFTED_WAYS: readonly Way[] = ["copies", "nearCopies", "pages"];

type Way = "copies" | "nearCopies" | "pages";

/**
 * Encodes units against one reference, by whatever comes out shortest of what won lately.
 *
 * @see spec/dwcp.md B10
 */
export class UnitEncoder {
  readonly #settings: UnitSettings;
  readonly #similar: SimilarPages;
  readonly #trials = new TrialBook<Way>();

  /** The settings stay; another level is another encoder. */
  constructor(settings: UnitSettings) {
    this.#settings = settings;
    this.#similar = new SimilarPages(settings.pageBytes);
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
    const { platform, pageBytes } = this.#settings;
    const plan = planPages(raw, rawOffset, kinds, pageBytes, reference, this.#similar, platform);
    const { scan, literals } = plan;
    const shifted =
      scan === undefined
        ? undefined
        : findShifted({ raw, rawOffset, scan, reference, own }, literals.length);
    if (shifted === undefined) return this.#encodePages(rawOffset, plan, reference);
    let best: EncodedBody | undefined;
    let winner: Way | undefined;
    const due = SHIFTED_WAYS.filter((way) => this.#trials.isDue(way));
    for (const way of due.length > 0 ? due : SHIFTED_WAYS) {
      const body =
        way === "pages"
          ? this.#encodePages(rawOffset, plan, reference)
          : this.#encodeShifted(way, shifted);
      if (body === undefined || (best !== undefined && shorter(best, body) === best)) continue;
      best = body;
      winner = way;
    }
    this.#trials.note(SHIFTED_WAYS, winner);
    return best ?? this.#encodePages(rawOffset, plan, reference);
  }

  #encodeShifted(way: Exclude<Way, "pages">, shifted: ShiftedUnit): EncodedBody | undefined {
    return way === "copies"
      ? encodeCopies(shifted, this.#settings)
      : encodeNearCopies(shifted, this.#settings);
  }

  #encodePages(rawOffset: number, plan: PagePlan, reference: Reference): EncodedBody {
    const { platform, pageBytes, level, prefixMemory } = this.#settings;
    const { zstd } = platform;
    const { literals } = plan;
    let best: Literals = { codec: Codec.RAW, bytes: literals };
    let ranges: readonly ByteRange[] = [];
    if (level > 0 && literals.length > 0) {
      if (reference.isInPlace && this.#isXorBetter(rawOffset, plan, reference)) {
        const mixed = xorInto(
          new Uint8Array(literals),
          this.#sameOffset(rawOffset, plan, reference),
        );
        best = { codec: Codec.XOR_ZSTD, bytes: zstd.compress(mixed, { level }) };
      } else if (plan.prefix.length > 0) {
        const prefix = gatherRanges(reference.source, plan.prefix, prefixMemory);
        best = encodeLiterals(literals, prefix, zstd, level);
        if (best.codec === Codec.PREFIX_ZSTD) ranges = plan.prefix;
      } else if (isWorthCompressing(literals, zstd)) {
        best = encodeLiterals(literals, NOTHING, zstd, level);
      }
      if (best.bytes.length >= literals.length) best = { codec: Codec.RAW, bytes: literals };
    }
    if (literals.length > 0 && plan.runs.length === 1 && best.codec !== Codec.PREFIX_ZSTD) {
      // One run of literals: the codec of the literals is the codec of the unit.
      if (best.codec === Codec.RAW) return encodeRaw(literals);
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

  // Tried on a few pages: it is faster than a prefix, and rarely smaller. spec/dwcp.md B10
  #isXorBetter(rawOffset: number, plan: PagePlan, reference: Reference): boolean {
    const { platform, pageBytes } = this.#settings;
    const step = Math.max(1, Math.floor(plan.literalStarts.length / XOR_SAMPLE_PAGES));
    const picked = plan.literalStarts
      .map((start, at) => ({ start, at: at * pageBytes }))
      .filter((_, at) => at % step === 0)
      .slice(0, XOR_SAMPLE_PAGES)
      .filter(({ start }) => rawOffset + start + pageBytes <= reference.source.length);
    if (picked.length === 0) return false;
    const fresh = new Uint8Array(picked.length * pageBytes);
    const old = new Uint8Array(fresh.length);
    for (const [index, { start, at }] of picked.entries()) {
      fresh.set(plan.literals.subarray(at, at + pageBytes), index * pageBytes);
      old.set(reference.source.read(rawOffset + start, pageBytes), index * pageBytes);
    }
    const level = SAMPLE_LEVEL;
    const prefixed = platform.zstd.compress(fresh, { level, prefix: old }).length;
    return platform.zstd.compress(xorInto(fresh, old), { level }).length < prefixed * XOR_MARGIN;
  }

  #sameOffset(rawOffset: number, plan: PagePlan, { source }: Reference): Uint8Array {
    const { pageBytes } = this.#settings;
    const base = new Uint8Array(plan.literals.length);
    for (const [index, start] of plan.literalStarts.entries()) {
      const at = rawOffset + start;
      const wanted = Math.min(pageBytes, base.length - index * pageBytes);
      const length = Math.max(0, Math.min(wanted, source.length - at));
      if (length > 0) base.set(source.read(at, length), index * pageBytes);
    }
    return base;
  }
}
