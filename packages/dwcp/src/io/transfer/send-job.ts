import type { ByteSource } from "../../hde/byte-source.js";
import { encodeRaw, encodeZstd } from "../../hde/encode-unit.js";
import type { EncodedBody } from "../../hde/encoded-body.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { ObjectEncoder, type ObjectSettings } from "../../hde/object-encoder.js";
import type { Reference } from "../../hde/reference.js";
import type { DwcpError } from "../../errors.js";
import type { SendingSide } from "../../session/sending-side.js";
import type { Session } from "../../session/session.js";
import type { SessionEvent } from "../../session/session-events.js";
import type { EncodingRule, PlannedExtent } from "../../transfer/encoding-rule.js";
import { SendingTransfer } from "../../transfer/sending-transfer.js";
import type { UnitBody } from "../../wire/chunk.js";
import { CHUNK_OVERHEAD_BYTES } from "../../wire/chunk-frame.js";
import { Codec, type CodecName, codecNameOf } from "../../wire/codec.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import { digestTexts, hashLeaves, type LeafHashes } from "./leaf-hasher.js";

/** Raw bytes that are encoded in one go; other work waits for that long. */
const TURN_BYTES = 4_194_304;

/** An earlier state that the peer may have. */
export interface SendBaseline {
  readonly slot: number;
  readonly reference: Reference;
}

/** What a job ends with. */
export interface SendResult {
  readonly transferId: string;
  /** The content id that both sides computed, in hexadecimal. */
  readonly rootHash: string;
  readonly rawBytes: number;
  /** Bytes of all frames of units, with repeats. */
  readonly wireBytes: number;
  /** Units by codec. */
  readonly units: Readonly<Partial<Record<CodecName, number>>>;
  /** How often a unit was encoded without something that the receiver turned out to lack. */
  readonly fallbacks: number;
}

/** What a job is made of. */
export interface SendJobOptions {
  readonly offer: OfferMessage;
  readonly source: ByteSource;
  readonly baselines: readonly SendBaseline[];
  readonly platform: HdePlatform;
  readonly settings: ObjectSettings;
  /** Throws when the source is not what it was. */
  readonly check: () => void;
  readonly settled: (result: SendResult | DwcpError) => void;
  readonly progress: (arrivedBytes: number) => void;
  /** There is something to send that the session does not know to be due. */
  readonly stirred: () => void;
}

/** Brings one object to a peer: encodes what its transfer wants, states the root, answers questions about leaves. */
export class SendJob {
  readonly transfer: SendingTransfer;
  readonly #options: SendJobOptions;
  readonly #hashes: Promise<LeafHashes>;
  readonly #stop = new AbortController();
  readonly #units: Partial<Record<CodecName, number>> = {};
  #encoder: ObjectEncoder | undefined;
  #wireBefore = 0;
  #wireBytes = 0;
  #fallbacks = 0;

  constructor(options: SendJobOptions) {
    this.#options = options;
    this.transfer = new SendingTransfer(options.offer);
    const { source, platform, offer } = options;
    this.#hashes = hashLeaves(source, offer.leafBytes, platform, this.#stop.signal);
    // Whoever needs them awaits them; a job that ended early does not.
    this.#hashes.catch(() => undefined);
  }

  /** Whether the transfer is over. */
  get isOver(): boolean {
    const { state } = this.transfer;
    return state === "committed" || state === "failed" || state === "cancelled";
  }

  /** Encodes the next extent when the streams will soon run dry; `true` when it did. */
  encode(sending: SendingSide): boolean {
    const { transfer } = this;
    const enough = Math.max(2 * sending.unitBytes * 4, TURN_BYTES / 4);
    if (transfer.state !== "sending" || transfer.waitingBytes >= enough) return false;
    const extent = transfer.takeExtent(TURN_BYTES);
    if (extent === undefined) return false;
    const units = this.#encodeExtent(extent, sending.unitBytes);
    for (const { codec } of units) {
      const name = codecNameOf(codec);
      if (name !== undefined) this.#units[name] = (this.#units[name] ?? 0) + 1;
    }
    transfer.supply(extent, units);
    return true;
  }

  /** Takes news of the session about this transfer. */
  obey(session: Session, event: SessionEvent, nowUs: () => number): void {
    switch (event.kind) {
      case "accepted":
        this.#wireBefore = session.sending.wireBytes;
        this.#choose();
        break;
      case "fellBack":
        this.#fallbacks += 1;
        this.#choose();
        break;
      case "arrived":
        void this.#finish(session, nowUs);
        break;
      case "leavesAsked":
        void this.#answer(session, event.first, event.count);
        break;
      case "committed":
        this.#wireBytes += session.sending.wireBytes - this.#wireBefore;
        this.#settle(event.rootHash);
        break;
      case "failed":
        this.fail(event.error);
        break;
      default:
        break;
    }
    this.#options.progress(this.transfer.arrived.covered);
  }

  /** The session that carried it is over. */
  sessionOver(session: Session): void {
    this.#wireBytes += Math.max(0, session.sending.wireBytes - this.#wireBefore);
  }

  /** Ends without success. */
  fail(error: DwcpError): void {
    this.#stop.abort();
    this.#options.settled(error);
  }

  // The newest baseline that the receiver has; none is no error.
  #choose(): void {
    const { baselines, source, settings } = this.#options;
    const usable = baselines.find(({ slot }) => this.transfer.baselineSlots.has(slot));
    this.#encoder = new ObjectEncoder(source, usable?.reference, settings);
  }

  #encodeExtent(extent: PlannedExtent, unitBytes: number): UnitBody[] {
    const { pageBytes } = this.#options.settings;
    // A peer may claim to hold odd stretches; pages begin at pages all the same.
    const start = extent.start - (extent.start % pageBytes);
    if (extent.rule === "raw" || extent.rule === "plain" || this.#encoder === undefined) {
      return this.#encodePlainly(start, extent.end, extent.rule, unitBytes);
    }
    const units = [...this.#encoder.encode(start, extent.end - start)];
    return units.flatMap((unit) => this.#cut(unit, unitBytes));
  }

  #encodePlainly(from: number, to: number, rule: EncodingRule, unitBytes: number): UnitBody[] {
    const { source, settings, platform } = this.#options;
    const units: UnitBody[] = [];
    const step = Math.max(settings.pageBytes, Math.min(unitBytes, settings.maxEncodedBytes));
    for (let at = from; at < to; at += step) {
      const raw = source.read(at, Math.min(step, to - at));
      const body: EncodedBody = rule === "raw" ? encodeRaw(raw) : encodeZstd(raw, settings);
      units.push({ rawOffset: at, rawBytes: raw.length, rawCrc: platform.crc32(raw), ...body });
    }
    return units;
  }

  // Stored bytes may be cut anywhere, into units as short as the path wants them.
  #cut(unit: UnitBody, unitBytes: number): UnitBody[] {
    if (unit.codec !== Codec.RAW || unit.rawBytes <= unitBytes) return [unit];
    const { platform, settings } = this.#options;
    const step = Math.ceil(unitBytes / settings.pageBytes) * settings.pageBytes;
    return Array.from({ length: Math.ceil(unit.rawBytes / step) }, (_, i) => {
      const encoded = unit.encoded.subarray(i * step, (i + 1) * step);
      const rawOffset = unit.rawOffset + i * step;
      const rawCrc = platform.crc32(encoded);
      return { ...unit, rawOffset, rawBytes: encoded.length, rawCrc, encoded };
    });
  }

  async #finish(session: Session, nowUs: () => number): Promise<void> {
    try {
      const { root } = await this.#hashes;
      this.#options.check();
      if (this.transfer.state === "finishing" && !session.isClosed) {
        session.outgoing.finish(nowUs(), this.transfer, root);
      }
    } catch (error) {
      session.outgoing.fail(this.transfer, error as DwcpError);
    }
    this.#options.stirred();
  }

  async #answer(session: Session, first: number, count: number): Promise<void> {
    const hashes = await this.#hashes;
    session.outgoing.giveLeaves(this.transfer, first, digestTexts(hashes, first, count));
    this.#options.stirred();
  }

  #settle(rootHash: string): void {
    const { offer, settled } = this.#options;
    settled({
      transferId: offer.transferId,
      rootHash,
      rawBytes: offer.rawLength,
      wireBytes: this.#wireBytes,
      units: this.#units,
      fallbacks: this.#fallbacks,
    });
  }
}

/** What a unit of `maxFrameBytes` may hold, encoded. */
export function largestEncoded(maxFrameBytes: number): number {
  return maxFrameBytes - CHUNK_OVERHEAD_BYTES;
}
