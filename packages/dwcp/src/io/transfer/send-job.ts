import { DwcpError } from "../../errors.js";
import type { SendingSide } from "../../session/sending-side.js";
import type { Session } from "../../session/session.js";
import type { SessionEvent } from "../../session/session-events.js";
import type { PlannedExtent } from "../../transfer/encoding-rule.js";
import { SendingTransfer } from "../../transfer/sending-transfer.js";
import type { UnitBody } from "../../wire/chunk.js";
import { CHUNK_OVERHEAD_BYTES } from "../../wire/chunk-frame.js";
import { type CodecName, codecNameOf, SLOT_SELF } from "../../wire/codec.js";
import { aheadBytes } from "./ahead-bytes.js";
import { ExtentEncoder } from "./extent-encoder.js";
import { digestTexts } from "./leaf-hasher.js";
import { ObjectHashes } from "./object-hashes.js";
import { cutStored, encodePlainly } from "./plain-units.js";
import type { SendJobOptions } from "./send-job-options.js";
import type { FallbackReason } from "./work-tally.js";

/** Raw bytes that this thread encodes in one go, where a repair asks for plain units. */
const PLAIN_TURN_BYTES = 1_048_576;

interface Extent {
  readonly extent: PlannedExtent;
  units: readonly UnitBody[] | undefined;
}

/** Brings one object to a peer: encodes what its transfer wants, states the root, answers questions about leaves. */
export class SendJob {
  readonly transfer: SendingTransfer;
  readonly #options: SendJobOptions;
  readonly #hashes: ObjectHashes;
  readonly #units: Partial<Record<CodecName, number>> = {};
  readonly #encoder: ExtentEncoder;
  // Extents that are being encoded, in the order in which their units are sent.
  #underWay: Extent[] = [];
  #fallbacks = 0;
  #isHeld = false;
  #toldBytes = 0;
  #baselineId: string | undefined;

  constructor(options: SendJobOptions) {
    this.#options = options;
    const encoder = new ExtentEncoder(options);
    this.#encoder = encoder;
    this.transfer = new SendingTransfer(options.offer, options.minShare, (unit) =>
      encoder.landed(unit),
    );
    const { object, platform, offer, pool, settings, verification } = options;
    this.#hashes = new ObjectHashes(
      object,
      { leafBytes: offer.leafBytes, platform, pool, verification },
      {
        grown: (length) => {
          this.transfer.grow(length - (length % settings.pageBytes));
          options.stirred();
        },
        ended: () => {
          this.transfer.grow(object.source.length);
          options.ended();
        },
        failed: (error) => options.failed(error),
      },
    );
  }

  /** Whether the transfer is over. */
  get isOver(): boolean {
    const { state } = this.transfer;
    return state === "committed" || state === "failed" || state === "cancelled";
  }

  /** Has extents encoded while the streams will soon run dry; `true` when this thread did some itself. */
  encode(sending: SendingSide): boolean {
    const { transfer } = this;
    const enough = aheadBytes(sending, this.#encoder.madeBy);
    this.#noteArrived();
    if (transfer.arrived.covered !== this.#toldBytes) this.#tellProgress();
    while (transfer.state === "sending" && transfer.waitingBytes < enough) {
      if (this.#underWay.length >= this.#encoder.most) return false;
      const extent = transfer.takeExtent(this.#encoder.extentBytes(sending.storedUnitBytes));
      if (extent === undefined) return false;
      if (extent.rule === "raw" || extent.rule === "plain") {
        // What is left over comes back as another extent.
        const end = Math.min(extent.end, extent.start + PLAIN_TURN_BYTES);
        const piece = { start: extent.start, end };
        this.#supply(extent, encodePlainly(piece, extent.rule, sending.unitBytes, this.#options));
        return true;
      }
      const { stored } = this.#encoder;
      if (stored !== undefined) {
        this.#supply(extent, stored.encode(extent, sending.storedUnitBytes));
        continue;
      }
      const { bandwidth } = sending.rate;
      void this.#start(extent, sending.storedUnitBytes, bandwidth === 0 ? undefined : bandwidth);
    }
    return false;
  }

  /** Takes news of the session about this transfer. */
  obey(session: Session, event: SessionEvent, nowUs: () => number): void {
    switch (event.kind) {
      case "accepted":
        if (this.#options.baselines.length > 0 && this.transfer.baselineSlots.size === 0) {
          this.#fellBack("BASELINE_MISSING");
        }
        this.#underWay = [];
        this.#choose(session);
        if (this.#isHeld) this.hold(session);
        break;
      case "fellBack":
        this.#fellBack(event.reason);
        this.#choose(session);
        break;
      case "continued":
        // A peer that has room again does not end what its owner asked for.
        if (this.#isHeld) this.hold(session);
        break;
      case "arrived":
        void this.#finish(session, nowUs);
        break;
      case "leavesAsked":
        void this.#answer(session, event.first, event.count);
        break;
      case "verified":
        this.#options.verified?.(session);
        break;
      case "committed":
        this.#settle(event.rootHash);
        break;
      case "failed":
        this.fail(event.error);
        break;
      default:
        break;
    }
    this.#tellProgress();
  }

  /** Whether its owner holds it, or its peer has no room. */
  get isPaused(): boolean {
    return this.#isHeld || this.transfer.state === "paused";
  }

  /** Sends no more units, in this session or later ones, until {@link goOn}. */
  hold(session: Session | undefined): void {
    this.#isHeld = true;
    if (this.transfer.state !== "sending") return;
    session?.outgoing.steer(this.transfer, { kind: "PAUSE", reason: "asked for" });
  }

  /** Goes on after {@link hold}, and after a peer without room. */
  goOn(session: Session | undefined): void {
    this.#isHeld = false;
    if (this.transfer.state !== "paused") return;
    session?.outgoing.steer(this.transfer, { kind: "CONTINUE", reason: "asked for" });
  }

  /** Ends without success. */
  fail(error: DwcpError): void {
    this.#hashes.close();
    this.#encoder.close();
    if (error.code === "dwcp.integrity") this.#options.work.foundWrong("object");
    this.#tellProgress();
    this.#options.settled(error);
  }

  #fellBack(reason: FallbackReason): void {
    this.#fallbacks += 1;
    this.#options.work.fellBack(reason);
  }

  #tellProgress(): void {
    this.#toldBytes = this.transfer.arrived.covered;
    this.#options.progress(this.#toldBytes, this.transfer.wireBytes);
  }

  // What has arrived, up to the first gap, may be referred to. It pays only while the link is the slow part.
  #noteArrived(): void {
    const { arrived, state, waitingBytes } = this.transfer;
    if (waitingBytes === 0 || state !== "sending") return;
    const isFromStart = arrived.count > 0 && arrived.start(0) === 0;
    this.#encoder.acknowledge(isFromStart ? arrived.end(0) : 0);
  }

  // The best baseline that the receiver has; none is no error.
  #choose(session: Session): void {
    const { baselines, dictionary } = this.#options;
    const { baselineSlots, dictionarySlots } = this.transfer;
    const usable = baselines.find(({ slot }) => baselineSlots.has(slot));
    const isKnown = dictionary !== undefined && dictionarySlots.has(dictionary.slot);
    this.#baselineId = usable?.id;
    const { codecs } = session.options.identity.capabilities;
    this.#encoder.begin(usable, isKnown ? dictionary : undefined, codecs);
  }

  async #start(
    extent: PlannedExtent,
    unitBytes: number,
    goodput: number | undefined,
  ): Promise<void> {
    const { pageBytes } = this.#options.settings;
    // A peer may claim to hold odd stretches; pages begin at pages all the same.
    const start = extent.start - (extent.start % pageBytes);
    const entry: Extent = { extent, units: undefined };
    this.#underWay.push(entry);
    const own = extent.rule === "best" ? "withOwn" : "withoutOwn";
    try {
      const units = await this.#encoder.encode({ start, end: extent.end }, own, goodput);
      entry.units = units.flatMap((unit) => cutStored(unit, unitBytes, this.#options));
    } catch (error) {
      entry.units = this.#instead(extent, unitBytes, error);
    }
    this.#flush();
  }

  // A worker that died costs its extent the encoding, not the transfer.
  #instead(extent: PlannedExtent, unitBytes: number, error: unknown): readonly UnitBody[] {
    if (this.isOver || extent.rule === "raw") return [];
    const code = error instanceof DwcpError ? error.code : undefined;
    if (code === "dwcp.shutdown") return [];
    if (code === "dwcp.source_changed") {
      this.#options.failed(error as DwcpError);
      return [];
    }
    this.#fellBack("WORKER");
    try {
      return encodePlainly(extent, "raw", unitBytes, this.#options);
    } catch (cause) {
      this.#options.failed(
        new DwcpError("dwcp.source_changed", "the source cannot be read", { cause }),
      );
      return [];
    }
  }

  #flush(): void {
    for (let head = this.#underWay[0]; head?.units !== undefined; head = this.#underWay[0]) {
      this.#underWay.shift();
      this.#supply(head.extent, head.units);
    }
    this.#options.stirred();
  }

  #supply(extent: PlannedExtent, units: readonly UnitBody[]): void {
    const { transfer } = this;
    // What was made with something that the receiver turned out to lack is made again.
    const usable = units.filter(({ baselineSlot, dictionarySlot }) => {
      const isThere = baselineSlot >= SLOT_SELF || transfer.baselineSlots.has(baselineSlot);
      return isThere && (dictionarySlot === 0 || transfer.dictionarySlots.has(dictionarySlot));
    });
    for (const { codec } of usable) {
      const name = codecNameOf(codec);
      if (name === undefined) continue;
      this.#units[name] = (this.#units[name] ?? 0) + 1;
      this.#options.work.encodedUnit(name);
    }
    transfer.supply(extent, usable);
  }

  async #finish(session: Session, nowUs: () => number): Promise<void> {
    try {
      const { root } = await this.#hashes.whole();
      this.#options.object.check();
      if (this.transfer.state === "finishing" && !session.isClosed) {
        session.outgoing.finish(nowUs(), this.transfer, root);
      }
    } catch (error) {
      if (!this.isOver) session.outgoing.fail(this.transfer, error as DwcpError);
    }
    this.#options.stirred();
  }

  async #answer(session: Session, first: number, count: number): Promise<void> {
    const hashes = await this.#hashes.whole();
    session.outgoing.giveLeaves(this.transfer, first, digestTexts(hashes, first, count));
    this.#options.stirred();
  }

  #settle(rootHash: string): void {
    const { offer, settled } = this.#options;
    this.#hashes.close();
    this.#encoder.close();
    settled({
      transferId: offer.transferId,
      rootHash,
      rawBytes: this.transfer.rawLength,
      wireBytes: this.transfer.wireBytes,
      units: this.#units,
      fallbacks: this.#fallbacks,
      baselineId: this.#baselineId,
    });
  }
}

/** What a unit of `maxFrameBytes` may hold, encoded. */
export function largestEncoded(maxFrameBytes: number): number {
  return maxFrameBytes - CHUNK_OVERHEAD_BYTES;
}
