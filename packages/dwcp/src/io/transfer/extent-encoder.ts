import { DwcpError } from "../../errors.js";
import { anchorSlots } from "../../hde/anchor-index.js";
import { usableAlgorithm } from "../../hde/delta-algorithm.js";
import { LevelController } from "../../hde/level-controller.js";
import type { ObjectSettings } from "../../hde/object-encoder.js";
import { OwnWorth } from "../../hde/own-worth.js";
import type { UnitBody } from "../../wire/chunk.js";
import { Codec, type CodecName, codecNameOf } from "../../wire/codec.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { LoadGauge } from "../load-gauge.js";
import type { HdeJob } from "../workers/hde-job.js";
import type { HdePool } from "../workers/hde-pool.js";
import { lengthOf } from "../workers/source-spec.js";
import type { MadeBy } from "./ahead-bytes.js";
import type { SendSource } from "./send-source.js";
import { StoredExtents } from "./stored-extents.js";
import { StoredFile } from "./stored-file.js";
import type { WorkTally } from "./work-tally.js";

/** An earlier state that the peer may have. */
export interface SendBaseline extends SendSource {
  readonly slot: number;
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** The table of its anchors. */
  readonly slots: Uint32Array<SharedArrayBuffer>;
}

/** What small units may be compressed with. */
export interface SendDictionary {
  readonly slot: number;
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What extents are encoded by. */
export interface ExtentEncoderOptions {
  readonly pool: HdePool;
  readonly load: LoadGauge;
  readonly work: WorkTally;
  readonly object: SendSource;
  readonly offer: Pick<OfferMessage, "transferKind">;
  readonly settings: ObjectSettings;
  /** Whether the level follows CPU and link; otherwise the one of `settings` stays. */
  readonly adaptive: boolean;
  /** Share of the machine above which the level goes down: 0 to 1. */
  readonly cpuCeiling: number;
  /** Extents that each worker may be ahead of what is sent; 2 when absent. */
  readonly sendAheadUnits?: number | undefined;
}

// One extent: enough for a worker to be worth the way there, little enough to react.
const FIRST_EXTENT_BYTES = 4_194_304;
const LARGEST_EXTENT_BYTES = 16_777_216;
// Best mode takes seconds per extent: they are spread over the workers, and what arrives is told as it does.
const BEST_EXTENT_BYTES = 2_097_152;
// Extents that come to so little grow.
const SMALL_ENCODED_BYTES = 65_536;
const UNITS_AHEAD_PER_WORKER = 2;
const OWN_STEP_BYTES = 1_048_576;
const OWN_LARGEST_STEP_BYTES = 8_388_608;
const MAX_OWN_OBJECT_BYTES = 2 ** 32;

/**
 * Encodes the extents of one object in the workers of a pool: at the level that CPU and link ask for, against a baseline and
 * against what the receiver has acknowledged of the object itself.
 *
 * @see spec/dwcp.md B10, B11
 */
export class ExtentEncoder {
  readonly #options: ExtentEncoderOptions;
  readonly #levels: LevelController;
  #job: HdeJob | undefined;
  #ownWorth = new OwnWorth("none");
  #extentBytes = FIRST_EXTENT_BYTES;
  #adjustedMs = Number.NEGATIVE_INFINITY;
  #isOwnUsed = false;
  #isBest = false;
  #ownBytes = 0;
  #isIndexing = false;
  #stored: StoredExtents | undefined;
  #file: StoredFile | undefined;

  constructor(options: ExtentEncoderOptions) {
    this.#options = options;
    this.#levels = new LevelController(options.settings.level, options.cpuCeiling);
  }

  /** Raw bytes of the next extent, where units of stored bytes should have `storedUnitBytes`. */
  extentBytes(storedUnitBytes: number): number {
    if (this.#isBest) return BEST_EXTENT_BYTES;
    return this.#file?.extentBytes(storedUnitBytes) ?? this.#extentBytes;
  }

  /** What makes units. */
  get madeBy(): MadeBy {
    if (this.#file !== undefined) return "file";
    return this.#stored === undefined ? "workers" : "here";
  }

  /** Extents that may be encoded at the same time. */
  get most(): number {
    const { pool, sendAheadUnits = UNITS_AHEAD_PER_WORKER } = this.#options;
    return sendAheadUnits * pool.size;
  }

  /** What encodes in this thread, where nothing is searched for and nothing has to be read. */
  get stored(): StoredExtents | undefined {
    return this.#stored;
  }

  /** Begins anew with what the receiver turned out to have, and the codecs that it agreed on. */
  begin(
    baseline: SendBaseline | undefined,
    dictionary: SendDictionary | undefined,
    codecs: readonly number[],
  ): void {
    this.close();
    const { pool, object, settings } = this.#options;
    const { pageBytes, chunkBytes, maxUnitRawBytes, maxEncodedBytes, minRatio } = settings;
    const { length } = object.source;
    const algorithm = usableAlgorithm(
      settings.algorithm ?? "auto",
      lengthOf(object.spec),
      baseline?.source.length ?? 0,
    );
    this.#isBest = algorithm === "bsdiff" && baseline !== undefined;
    // Who wants bytes stored does not want them searched.
    const isSearched = settings.level > 0 && algorithm === "auto";
    const isOwnUsed = isSearched && length > OWN_STEP_BYTES && length < MAX_OWN_OBJECT_BYTES;
    this.#ownWorth = new OwnWorth(baseline === undefined ? "none" : "baseline");
    this.#isOwnUsed = isOwnUsed;
    this.#stored =
      baseline === undefined && StoredExtents.fits(object, settings)
        ? new StoredExtents(object, settings)
        : undefined;
    this.#file = baseline === undefined ? StoredFile.of(object, settings) : undefined;
    this.#ownBytes = 0;
    this.#job = pool.open({
      pageBytes,
      chunkBytes,
      maxUnitRawBytes,
      maxEncodedBytes,
      algorithm,
      minRatio,
      joint: codecs.includes(Codec.JOINT_ZSTD) ? "agreed" : "refused",
      brotli: codecs.includes(Codec.BSDIFF_BROTLI) ? "agreed" : "refused",
      object: object.spec,
      baseline,
      dictionary,
      ownSlots: isOwnUsed ? anchorSlots(length) : undefined,
    });
  }

  /**
   * Encodes an extent.
   *
   * @param own Whether units may refer to what the receiver has acknowledged.
   * @param goodput Of the link, in encoded bytes per second; `undefined` while it is not known.
   * @throws DwcpError what `HdeJob.encode` does.
   */
  async encode(
    extent: { readonly start: number; readonly end: number },
    own: "withOwn" | "withoutOwn",
    goodput: number | undefined,
  ): Promise<readonly UnitBody[]> {
    const job = this.#job;
    if (job === undefined) throw new DwcpError("dwcp.shutdown", "nothing is encoded any more");
    if (this.#file !== undefined) return await this.#file.encode(extent);
    const level = this.#adjust(goodput);
    this.#options.work.level = level;
    const bytes = extent.end - extent.start;
    const ownBytes = own === "withOwn" ? this.#ownBytes : 0;
    const encodedExtent = await job.encode(extent.start, bytes, level, ownBytes);
    const { units, seconds, secondsByCodec } = encodedExtent;
    this.#noteGains(level, units, secondsByCodec);
    const encoded = units.reduce((sum, unit) => sum + unit.encoded.length, 0);
    this.#levels.measured(level, bytes, encoded, seconds);
    for (const unit of units) this.#ownWorth.note(unit);
    this.#extentBytes =
      encoded < SMALL_ENCODED_BYTES
        ? Math.min(LARGEST_EXTENT_BYTES, 2 * this.#extentBytes)
        : FIRST_EXTENT_BYTES;
    return units;
  }

  /** The receiver has a unit that went out once. */
  landed(unit: UnitBody): void {
    this.#file?.landed(unit);
  }

  /** The receiver has everything up to `arrived`: units to come may refer to it, once it is indexed. */
  acknowledge(arrived: number): void {
    // A receiver that was killed has less than it had.
    this.#ownBytes = Math.min(this.#ownBytes, arrived);
    const job = this.#job;
    const from = this.#ownBytes;
    if (job === undefined || !this.#isOwnUsed || this.#isIndexing) return;
    if (arrived - from < OWN_STEP_BYTES) return;
    if (!this.#ownWorth.pays) return;
    const to = Math.min(arrived, from + OWN_LARGEST_STEP_BYTES);
    this.#isIndexing = true;
    job.indexOwn(from, to).then(
      () => {
        this.#isIndexing = false;
        if (this.#job === job && this.#ownBytes === from) this.#ownBytes = to;
      },
      // Encoding meets the same trouble, and says so.
      () => {
        this.#isIndexing = false;
      },
    );
  }

  /** Lets the workers close what they opened. */
  close(): void {
    this.#job?.close();
    this.#job = undefined;
  }

  #noteGains(
    level: number,
    units: readonly UnitBody[],
    secondsByCodec: ReadonlyMap<CodecName, number>,
  ): void {
    const { work, offer } = this.#options;
    for (const [codec, seconds] of secondsByCodec) {
      let raw = 0;
      let encoded = 0;
      for (const unit of units) {
        if (codecNameOf(unit.codec) !== codec) continue;
        raw += unit.rawBytes;
        encoded += unit.encoded.length;
      }
      work.spent({ kind: offer.transferKind, codec, level }, raw, encoded, seconds);
    }
  }

  // Pressed or not, the level moves one step a second, and never to storing: a slow link would pay for it.
  #adjust(goodput: number | undefined): number {
    const { adaptive, load, pool, settings } = this.#options;
    if (!adaptive || settings.level === 0) return settings.level;
    const nowMs = performance.now();
    if (nowMs - this.#adjustedMs >= 1_000) {
      this.#adjustedMs = nowMs;
      this.#levels.adjust(nowMs * 1_000, { ...load.read(), workers: pool.size, goodput });
    }
    return Math.max(1, this.#levels.level);
  }
}
