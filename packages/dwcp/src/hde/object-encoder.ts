import type { UnitBody } from "../wire/chunk.js";
import { Codec, SLOT_NONE } from "../wire/codec.js";
import { zeroCrc } from "../wire/zero-crc.js";
import type { ByteSource } from "./byte-source.js";
import { type DeltaAlgorithm, DeltaFinder, usableAlgorithm } from "./delta-algorithm.js";
import { type EncodedBody, shorter } from "./encoded-body.js";
import { encodeRaw, encodeZstd, type UnitSettings } from "./encode-unit.js";
import { isWorthCompressing } from "./literal-codecs.js";
import { classifyPages, MIN_RUN_PAGES, runLength } from "./page-classes.js";
import { PageKind } from "./page-ops.js";
import type { Reference } from "./reference.js";
import { TrialBook } from "./trial-book.js";
import { UnitEncoder } from "./unit-encoder.js";
import { WorkMemory } from "./work-memory.js";

const MIN_UNIT_BYTES = 262_144;
const MAX_UNIT_BYTES = 524_288;
// Where nearly everything is found in the baseline, what a unit costs is its header.
const LARGE_UNIT_BYTES = 8_388_608;
const LARGE_UNIT_RATIO = 200;
/** The longest unit of best mode: long streams pack well, but packing them takes a second per MiB that nothing interrupts. */
const BEST_UNIT_BYTES = 2_097_152;
const MAX_SPAN_BYTES = 16_777_216;
// After so many units in a row that do not shrink, one in as many is looked at. spec/dwcp.md B10
const POOR_UNITS = 4;
// How fast the ratio follows.
const WEIGHT = 0.25;
// Against what the receiver has of the object itself a unit is tried only where its baseline gives less than this.
const OWN_RATIO = 64;
// Of what it takes against its baseline, for own data to be tried again: what saves little is not worth its time.
const WORTHWHILE = 15 / 16;
/** The longest unit that a dictionary is tried on. spec/dwcp.md B10 */
const DICTIONARY_UNIT_BYTES = 16_384;
// So that one unit of nothing but copies does not hide what follows.
const MAX_RATIO = 1_000;

/** How an object is encoded. */
export interface ObjectSettings extends UnitSettings {
  /** What a unit should come to, in encoded bytes. */
  readonly chunkBytes: number;
  /** The most raw bytes of a unit. */
  readonly maxUnitRawBytes: number;
  /** The most encoded bytes of a unit: what a frame takes. */
  readonly maxEncodedBytes: number;
  /** What small units without a baseline may be compressed with; the receiver has said that it has it. */
  readonly dictionary?: { readonly slot: number; readonly bytes: Uint8Array } | undefined;
  /** Whether a unit may refer to a baseline and to own data at once: the receiver has agreed on JOINT_ZSTD, unless `refused`. */
  readonly joint?: "agreed" | "refused" | undefined;
  /** How differences are found; `auto` when absent. */
  readonly algorithm?: DeltaAlgorithm | undefined;
}

/**
 * Turns extents of an object into units.
 *
 * Unchanged stretches become units of a few bytes; what changed is cut where its estimated encoding reaches the target.
 *
 * @see spec/dwcp.md B1, B10
 */
export class ObjectEncoder {
  readonly #object: ByteSource;
  readonly #baseline: Reference | undefined;
  readonly #settings: ObjectSettings;
  readonly #units: UnitEncoder;
  readonly #ownUnits: UnitEncoder;
  readonly #trials = new TrialBook<"own">();
  readonly #finder: DeltaFinder | undefined;
  readonly #algorithm: DeltaAlgorithm;
  #ratio = 2;
  #poor = 0;

  /** `baseline` is what the receiver has verified to have; without one every unit stands alone. */
  constructor(object: ByteSource, baseline: Reference | undefined, settings: ObjectSettings) {
    this.#object = object;
    this.#settings = settings;
    this.#algorithm = usableAlgorithm(
      settings.algorithm ?? "auto",
      object.length,
      baseline?.source.length ?? 0,
    );
    this.#baseline = this.#algorithm === "none" ? undefined : baseline;
    const unitSettings = { ...settings, prefixMemory: settings.prefixMemory ?? new WorkMemory() };
    this.#units = new UnitEncoder(unitSettings);
    this.#ownUnits = new UnitEncoder(unitSettings);
    this.#finder = baseline === undefined ? undefined : new DeltaFinder(baseline, unitSettings);
  }

  /**
   * Encodes `length` bytes from `offset`, which is a multiple of the page size, to units in ascending order.
   *
   * @param own What the receiver has acknowledged of this very object, where that may be used.
   */
  *encode(offset: number, length: number, own?: Reference): Generator<UnitBody, void, undefined> {
    const { maxUnitRawBytes } = this.#settings;
    const known = own === undefined || own.source.length === 0 ? undefined : own;
    for (let at = 0; at < length; at += maxUnitRawBytes) {
      const bytes = Math.min(maxUnitRawBytes, length - at);
      yield* this.#encodeStretch(this.#object.read(offset + at, bytes), offset + at, known);
    }
  }

  *#encodeStretch(
    raw: Uint8Array,
    rawOffset: number,
    own: Reference | undefined,
  ): Generator<UnitBody, void, undefined> {
    const { pageBytes, platform } = this.#settings;
    const kinds = classifyPages(raw, rawOffset, pageBytes, this.#baseline?.source, platform);
    let page = 0;
    while (page < kinds.length) {
      const run = runLength(kinds, page, kinds.length);
      const kind = kinds[page];
      const isRest = run === kinds.length - page;
      if (kind !== PageKind.LITERAL && (run >= MIN_RUN_PAGES || isRest)) {
        const piece = raw.subarray(page * pageBytes, (page + run) * pageBytes);
        yield this.#known(piece, rawOffset + page * pageBytes, kind === PageKind.ZERO);
        page += run;
        continue;
      }
      const end = this.#unitEnd(kinds, page);
      const piece = raw.subarray(page * pageBytes, end * pageBytes);
      const pages = kinds.subarray(page, end);
      yield* this.#encodePiece(piece, rawOffset + page * pageBytes, pages, own);
      page = end;
    }
  }

  // Where a unit of mixed pages ends: at a long known run, or when enough has changed.
  #unitEnd(kinds: Uint8Array, start: number): number {
    const { pageBytes, chunkBytes } = this.#settings;
    const most = this.#longestUnit();
    const wanted = Math.min(most, Math.max(MIN_UNIT_BYTES, chunkBytes * this.#ratio));
    let changed = 0;
    let page = start;
    while (page < kinds.length && changed * pageBytes < wanted) {
      if ((page - start) * pageBytes >= MAX_SPAN_BYTES) break;
      if (kinds[page] === PageKind.LITERAL) {
        changed++;
        page++;
        continue;
      }
      const run = runLength(kinds, page, page + MIN_RUN_PAGES);
      if (run >= MIN_RUN_PAGES) break;
      page += run;
    }
    return page;
  }

  #longestUnit(): number {
    if (this.#algorithm === "bsdiff") return BEST_UNIT_BYTES;
    return this.#ratio >= LARGE_UNIT_RATIO ? LARGE_UNIT_BYTES : MAX_UNIT_BYTES;
  }

  *#encodePiece(
    raw: Uint8Array,
    rawOffset: number,
    kinds: Uint8Array,
    own: Reference | undefined,
  ): Generator<UnitBody, void, undefined> {
    const { pageBytes, maxEncodedBytes } = this.#settings;
    const body = this.#choose(raw, rawOffset, kinds, own);
    if (body.encoded.length > maxEncodedBytes && kinds.length > 1) {
      const half = kinds.length >> 1;
      const cut = half * pageBytes;
      yield* this.#encodePiece(raw.subarray(0, cut), rawOffset, kinds.subarray(0, half), own);
      yield* this.#encodePiece(raw.subarray(cut), rawOffset + cut, kinds.subarray(half), own);
      return;
    }
    const ratio = Math.min(MAX_RATIO, raw.length / Math.max(1, body.encoded.length));
    this.#ratio += WEIGHT * (ratio - this.#ratio);
    yield this.#unit(raw, rawOffset, body);
  }

  #choose(
    raw: Uint8Array,
    rawOffset: number,
    kinds: Uint8Array,
    own: Reference | undefined,
  ): EncodedBody {
    const settings = this.#settings;
    const algorithm = this.#algorithm;
    if (this.#finder !== undefined && algorithm !== "auto" && algorithm !== "none") {
      return this.#finder.encode(raw, rawOffset, algorithm);
    }
    const reference = this.#baseline ?? own;
    if (reference !== undefined) {
      const beside = reference === own || settings.joint === "refused" ? undefined : own;
      const body = this.#units.encode(raw, rawOffset, kinds, reference, beside);
      const better = shorter(body, this.#againstOwn(body, raw, rawOffset, kinds, own));
      const learned = this.#learned(raw);
      const best = learned === undefined ? better : shorter(better, learned);
      return best.encoded.length < raw.length ? best : encodeRaw(raw);
    }
    if (settings.level === 0) return encodeRaw(raw);
    const learned = this.#learned(raw);
    if (learned !== undefined && learned.encoded.length < raw.length) return learned;
    const isTest = this.#poor < POOR_UNITS || this.#poor % POOR_UNITS === 0;
    if (!isTest || !isWorthCompressing(raw, settings.platform.zstd, settings.minRatio)) {
      this.#poor++;
      return encodeRaw(raw);
    }
    this.#poor = 0;
    return encodeZstd(raw, settings);
  }

  // Where the baseline helps little, what the receiver already has of this object may help more: it is tried, unless it has not
  // helped lately.
  #againstOwn(
    body: EncodedBody,
    raw: Uint8Array,
    rawOffset: number,
    kinds: Uint8Array,
    own: Reference | undefined,
  ): EncodedBody | undefined {
    if (own === undefined || this.#baseline === undefined) return undefined;
    if (body.encoded.length * OWN_RATIO < raw.length) return undefined;
    // Pages that are where they were are cheaper by the baseline.
    if (body.codec === Codec.JOINT_ZSTD || kinds.includes(PageKind.SAME)) return undefined;
    const fromOwn = this.#trials.isDue("own")
      ? this.#ownUnits.encode(raw, rawOffset, kinds, own)
      : undefined;
    const isWorthIt =
      fromOwn !== undefined && fromOwn.encoded.length < WORTHWHILE * body.encoded.length;
    this.#trials.note(["own"], isWorthIt ? "own" : undefined);
    return fromOwn;
  }

  // Dictionaries are for small units: larger ones have as much to refer to in themselves.
  #learned(raw: Uint8Array): EncodedBody | undefined {
    const { dictionary, level } = this.#settings;
    if (dictionary === undefined || level === 0 || raw.length > DICTIONARY_UNIT_BYTES) {
      return undefined;
    }
    return encodeZstd(raw, this.#settings, dictionary);
  }

  #known(raw: Uint8Array, rawOffset: number, isZero: boolean): UnitBody {
    const rawCrc = isZero ? zeroCrc(raw.length) : this.#settings.platform.crc32(raw);
    return {
      rawOffset,
      rawBytes: raw.length,
      rawCrc,
      codec: isZero ? Codec.ZERO : Codec.SAME,
      codecFlags: 0,
      baselineSlot: isZero ? SLOT_NONE : (this.#baseline?.slot ?? SLOT_NONE),
      dictionarySlot: 0,
      encoded: new Uint8Array(0),
    };
  }

  #unit(raw: Uint8Array, rawOffset: number, body: EncodedBody): UnitBody {
    const rawCrc = this.#settings.platform.crc32(raw);
    return { rawOffset, rawBytes: raw.length, rawCrc, ...body };
  }
}
