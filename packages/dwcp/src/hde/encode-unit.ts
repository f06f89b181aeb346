import { Codec, SLOT_NONE } from "../wire/codec.js";
import { NetworkWriter } from "../wire/network-writer.js";
import type { CopyOp } from "./copy-ops.js";
import { encodeCopyLit } from "./encode-copylit.js";
import { type PagePlan, planPages } from "./encode-pages.js";
import { type EncodedBody, joinParts, shorter } from "./encoded-body.js";
import type { HdePlatform } from "./hde-platform.js";
import { packLists } from "./lists.js";
import { encodeLiterals, isWorthCompressing } from "./literal-codecs.js";
import { type Literals, xorInto } from "./literals.js";
import { matchAnchors } from "./match-anchors.js";
import { PageKind, writePageRuns } from "./page-ops.js";
import { type ByteRange, gatherRanges, joinRanges, writeRanges } from "./ranges.js";
import type { Reference } from "./reference.js";
import { SimilarPages } from "./similar-pages.js";

const XOR_SAMPLE_PAGES = 16;
// Copies that cover this share of a unit at other places say that the data are shifted.
const SHIFTED_SHARE = 0.1;

/** How the units of one object are encoded. */
export interface UnitSettings {
  /** What this runs on lends: hashes, checksums, compression. */
  readonly platform: HdePlatform;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** 0 to 9; 0 stores. */
  readonly level: number;
}

/** Stores a unit. spec/dwcp.md B5 */
export function encodeRaw(raw: Uint8Array): EncodedBody {
  return { ...PLAIN, codec: Codec.RAW, encoded: raw };
}

/** Compresses a unit without a baseline; stores it where that is shorter. spec/dwcp.md B10 */
export function encodeZstd(
  raw: Uint8Array,
  { platform, level }: UnitSettings,
  dictionary?: { readonly slot: number; readonly bytes: Uint8Array },
): EncodedBody {
  const stored = encodeRaw(raw);
  if (level === 0 || raw.length === 0) return stored;
  const plain = {
    ...PLAIN,
    codec: Codec.ZSTD,
    encoded: platform.zstd.compress(raw, { level }),
  };
  if (dictionary === undefined) return shorter(stored, plain);
  const encoded = platform.zstd.compress(raw, { level, prefix: dictionary.bytes });
  const learned = { ...plain, dictionarySlot: dictionary.slot, encoded };
  return shorter(stored, shorter(plain, learned));
}

/** Compresses the difference to the baseline at the same place. spec/dwcp.md B5 */
export function encodeXor(
  raw: Uint8Array,
  rawOffset: number,
  { source, slot }: Reference,
  { platform, level }: UnitSettings,
): EncodedBody {
  const there = Math.max(0, Math.min(raw.length, source.length - rawOffset));
  const mixed = there === 0 ? raw : xorInto(new Uint8Array(raw), source.read(rawOffset, there));
  const encoded = platform.zstd.compress(mixed, { level: Math.max(1, level) });
  return shorter<EncodedBody>(encodeRaw(raw), {
    ...PLAIN,
    codec: Codec.XOR_ZSTD,
    baselineSlot: slot,
    encoded,
  });
}

/** Compresses a unit with ranges of the baseline before it. spec/dwcp.md B5 */
export function encodePrefix(
  raw: Uint8Array,
  rawOffset: number,
  ranges: readonly ByteRange[],
  { source, slot }: Reference,
  { platform, level }: UnitSettings,
): EncodedBody {
  const lists = new NetworkWriter();
  writeRanges(lists, ranges, rawOffset);
  const { bytes, flags } = packLists(lists.view(), platform.zstd);
  const frame = platform.zstd.compress(raw, {
    level: Math.max(1, level),
    prefix: gatherRanges(source, ranges),
    longDistance: "on",
  });
  return shorter<EncodedBody>(encodeRaw(raw), {
    ...PLAIN,
    codec: Codec.PREFIX_ZSTD,
    codecFlags: flags,
    baselineSlot: slot,
    encoded: new NetworkWriter(bytes.length + frame.length).bytes(bytes).bytes(frame).view(),
  });
}

/** Encodes units against one reference, by whatever comes out shortest. spec/dwcp.md B10 */
export class UnitEncoder {
  readonly #settings: UnitSettings;
  readonly #similar: SimilarPages;

  /** The settings stay; another level is another encoder. */
  constructor(settings: UnitSettings) {
    this.#settings = settings;
    this.#similar = new SimilarPages(settings.pageBytes);
  }

  /**
   * Encodes one unit.
   *
   * @param kinds Of `classifyPages`, for the pages of this unit.
   */
  encode(raw: Uint8Array, rawOffset: number, kinds: Uint8Array, reference: Reference): EncodedBody {
    const { platform, pageBytes } = this.#settings;
    const plan = planPages(raw, rawOffset, kinds, pageBytes, reference, this.#similar, platform);
    const paged = this.#encodePages(rawOffset, plan, reference);
    return shorter(paged, this.#encodeShifted(raw, rawOffset, plan, reference));
  }

  #encodePages(rawOffset: number, plan: PagePlan, reference: Reference): EncodedBody {
    const { platform, pageBytes, level } = this.#settings;
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
        best = encodeLiterals(literals, gatherRanges(reference.source, plan.prefix), zstd, level);
        if (best.codec === Codec.PREFIX_ZSTD) ranges = plan.prefix;
      } else if (isWorthCompressing(literals, zstd)) {
        best = encodeLiterals(literals, NOTHING, zstd, level);
      }
      if (best.bytes.length >= literals.length) best = { codec: Codec.RAW, bytes: literals };
    }
    if (literals.length > 0 && plan.runs.length === 1 && best.codec !== Codec.PREFIX_ZSTD) {
      // One run of literals: the codec of the literals is the codec of the unit.
      if (best.codec === Codec.RAW) return encodeRaw(literals);
      if (best.codec === Codec.ZSTD) return { ...PLAIN, codec: Codec.ZSTD, encoded: best.bytes };
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

  #encodeShifted(
    raw: Uint8Array,
    rawOffset: number,
    plan: PagePlan,
    reference: Reference,
  ): EncodedBody | undefined {
    const { platform, level } = this.#settings;
    const { source, slot, anchors } = reference;
    if (anchors === undefined || plan.scan === undefined || source.length === 0) return undefined;
    const ops = matchAnchors(raw, rawOffset, source, anchors, plan.scan);
    if (!isShifted(ops, plan.literals.length, raw.length)) return undefined;
    const copied = encodeCopyLit(raw, rawOffset, ops, source, slot, platform.zstd, level);
    const ranges = copiedRanges(ops, source.length);
    const total = ranges.reduce((sum, { length }) => sum + length, 0);
    if (level === 0 || total > MAX_SHIFTED_PREFIX * raw.length) return copied;
    const prefixed = encodePrefix(raw, rawOffset, ranges, reference, this.#settings);
    return copied === undefined ? prefixed : shorter(copied, prefixed);
  }
}

const PLAIN = { codecFlags: 0, baselineSlot: SLOT_NONE, dictionarySlot: 0 } as const;
const NOTHING = new Uint8Array(0);
const SAMPLE_LEVEL = 1;
// What is around a copy, in bytes.
const COPY_MARGIN_BYTES = 4_096;
// A prefix of more than this many times the unit is more than its tables cover. spec/dwcp.md B11
const MAX_SHIFTED_PREFIX = 4;
// The sample lacks the similar pages that a prefix would also hold.
const XOR_MARGIN = 0.9;

// Where the copies come from, with what stands around and between them: what zstd finds there itself may be shorter.
function copiedRanges(ops: readonly CopyOp[], baselineBytes: number): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  for (const op of ops) {
    if (op.kind !== "copy") continue;
    const from = Math.max(0, op.offset - COPY_MARGIN_BYTES);
    const to = Math.min(baselineBytes, op.offset + op.length + COPY_MARGIN_BYTES);
    ranges.push({ offset: from, length: to - from });
  }
  return joinRanges(
    ranges.toSorted((a, b) => a.offset - b.offset),
    COPY_MARGIN_BYTES,
  );
}

// Whether copies leave clearly fewer literals than pages do.
function isShifted(ops: readonly CopyOp[], literalBytes: number, rawBytes: number): boolean {
  const copied = ops.reduce((sum, op) => (op.kind === "copy" ? sum + op.length : sum), 0);
  return copied - (rawBytes - literalBytes) >= SHIFTED_SHARE * literalBytes;
}
