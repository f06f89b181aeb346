import { DeliveryMeter } from "../rate/delivery-meter.js";
import { GoodputWindow } from "../rate/goodput-window.js";
import { SessionRate } from "../rate/session-rate.js";
import { CreditAccount } from "../transfer/credit.js";
import { FairQueue } from "../transfer/fair-queue.js";
import type { FlyingUnit, OutgoingUnit } from "../transfer/outgoing-unit.js";
import type { SendingTransfer } from "../transfer/sending-transfer.js";
import { type Ack, AckKind } from "../wire/ack.js";
import { chunkAtFrame } from "../wire/chunk-at.js";
import { CHUNK_OVERHEAD_BYTES, chunkFrame } from "../wire/chunk-frame.js";
import type { NackReason } from "../wire/transfer-messages.js";
import { LentUnits } from "./lent-units.js";
import { Pacer } from "./pacer.js";
import { QueuedTransfer } from "./queued-transfer.js";
import type { SessionOptions } from "./session-options.js";
import type { StreamState } from "./stream-state.js";
import type { StreamTable } from "./stream-table.js";

/** The word that a stream is gone needs half a round trip, the acknowledgement of what it brought another one. */
const AWAIT_RTTS = 1.5;

/** Why a unit was sent again. */
export type RepeatReason = "streamDied" | "stalled" | "refused" | "hedged";

/**
 * Hands units to streams: which, when, and on which stream. Streams pull; credit, pace and flight bound what they get.
 *
 * @see spec/dwcp.md B6, B13
 */
export class SendingSide {
  readonly #options: SessionOptions;
  readonly #streams: StreamTable;
  readonly #queue = new FairQueue<QueuedTransfer>();
  readonly #members = new Map<number, QueuedTransfer>();
  readonly meter: DeliveryMeter = new DeliveryMeter();
  readonly rate: SessionRate;
  /** Bytes of units that arrived, over the last seconds. */
  readonly goodput: GoodputWindow = new GoodputWindow();
  readonly credit: CreditAccount = new CreditAccount();
  readonly #pacer: Pacer;
  readonly repeats: Record<RepeatReason, number> = {
    streamDied: 0,
    stalled: 0,
    refused: 0,
    hedged: 0,
  };
  /** Bytes of all frames of units, with repeats; of what is read from memory, those bytes. */
  wireBytes = 0;
  /** Units that the peer reads from memory. */
  readonly lent: LentUnits = new LentUnits();
  #blockedUntilUs = Number.POSITIVE_INFINITY;
  #isStarved = false;

  constructor(nowUs: number, options: SessionOptions, streams: StreamTable) {
    this.#options = options;
    this.#streams = streams;
    this.rate = new SessionRate(options.chance);
    const { rate, meter } = this;
    const { tuning, identity } = options;
    const mostEncodedBytes = identity.capabilities.maxFrameBytes - CHUNK_OVERHEAD_BYTES;
    this.#pacer = new Pacer(nowUs, { tuning, streams, rate, meter, mostEncodedBytes });
  }

  /** Encoded bytes that a unit should have. */
  get unitBytes(): number {
    return this.#pacer.unitBytes;
  }

  /** Bytes that a unit should have that stores them as they are. */
  get storedUnitBytes(): number {
    return this.#pacer.storedUnitBytes;
  }

  /** Streams that take units. */
  get streamCount(): number {
    return this.#streams.alive;
  }

  /** When pacing lets the next unit go; Infinity while it does not hold anything back. */
  get blockedUntilUs(): number {
    return this.#blockedUntilUs;
  }

  /** Whether the application or the peer's credit, not the network, sets the pace. */
  get isStarved(): boolean {
    return this.#isStarved;
  }

  /** Transfers whose units the session carries. */
  get members(): Iterable<QueuedTransfer> {
    return this.#members.values();
  }

  /** Lets an accepted transfer take part. */
  join(transfer: SendingTransfer): void {
    const member = new QueuedTransfer(transfer);
    this.#members.set(transfer.handle, member);
    this.#queue.add(member);
  }

  /** Takes a transfer out, with what it has under way. */
  leave(transfer: SendingTransfer): void {
    const member = this.#members.get(transfer.handle);
    if (member === undefined) return;
    this.#members.delete(transfer.handle);
    this.#queue.remove(member);
    for (const flying of transfer.flyingUnits) this.#landed(flying);
    transfer.release();
    this.credit.refund(transfer.takeRefund());
  }

  get(handle: number): SendingTransfer | undefined {
    return this.#members.get(handle)?.transfer;
  }

  /** Chooses what a stream sends next; `undefined` when it gets nothing now. */
  transmit(nowUs: number, stream: StreamState): readonly Uint8Array[] | undefined {
    this.#blockedUntilUs = Number.POSITIVE_INFINITY;
    if (!stream.takesUnits) return undefined;
    const member = this.#queue.next();
    if (member === undefined) return this.#idle(nowUs, stream);
    const unit = member.transfer.nextUnit;
    if (unit === undefined || !this.#mayGo(nowUs, unit)) return undefined;
    member.transfer.takeUnit();
    if (unit.sends === 0) this.credit.spend(unit.body.encoded.length);
    this.#queue.spend(member, wireSize(unit));
    return this.#launch(nowUs, stream, member.transfer, unit);
  }

  /** Takes an ACK for units; returns the transfer when the last byte of it arrived. */
  acknowledged(nowUs: number, handle: number, ack: Ack): SendingTransfer | undefined {
    this.credit.raise(ack.creditLimit);
    const transfer = this.get(handle);
    if (transfer === undefined) return undefined;
    const before = transfer.state;
    // That a unit is durable is said when its disk has it, perhaps before the word that it arrived: it echoes no time.
    const rttUs = ack.kind === AckKind.RECEIVED ? nowUs - ack.echoUs - ack.holdUs : 0;
    for (const unitId of unitsOf(ack, transfer)) this.#arrived(nowUs, transfer, unitId, rttUs);
    return before === "sending" && transfer.state === "finishing" ? transfer : undefined;
  }

  /** Takes a NACK; `true` when the unit was known. */
  refused(handle: number, unitId: number, reason: NackReason): boolean {
    const transfer = this.get(handle);
    if (transfer === undefined) return false;
    const flying = transfer.refuse(unitId, reason);
    this.credit.refund(transfer.takeRefund());
    if (flying === undefined) return false;
    this.repeats.refused += 1;
    this.lent.refused(flying, reason);
    this.#landed(flying);
    return true;
  }

  /** A stream is gone: what the peer does not acknowledge on another one soon goes to the front of the queue. */
  streamGone(nowUs: number, index: number): void {
    const dueUs = this.#lossUs(nowUs);
    for (const { transfer } of this.#members.values()) {
      for (const flying of transfer.streamGone(index, dueUs)) this.#landed(flying);
    }
    this.tick(nowUs);
  }

  /** There is a stream again where none was. */
  recovered(nowUs: number): void {
    this.rate.restart();
    for (const { transfer } of this.#members.values()) {
      transfer.awaitAcknowledgements(this.#lossUs(nowUs));
    }
  }

  /** When something may have to be sent again; Infinity while nothing may. */
  get nextLossUs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { transfer } of this.#members.values()) due = Math.min(due, transfer.nextLossUs);
    return due;
  }

  /** Repeats what is lost for certain. */
  tick(nowUs: number): void {
    for (const { transfer } of this.#members.values()) {
      this.repeats.streamDied += transfer.repeatLost(nowUs);
    }
  }

  /** A stream is silent: its units go elsewhere, and no longer count as under way. */
  streamStalled(stream: StreamState): void {
    for (const { transfer } of this.#members.values()) {
      for (const flying of transfer.flyingUnits) {
        if (flying.streamIndex !== stream.index) continue;
        if (!flying.unit.done) this.repeats.stalled += 1;
        transfer.giveUp(flying);
        this.#landed(flying);
      }
    }
  }

  #lossUs(nowUs: number): number {
    return nowUs + AWAIT_RTTS * this.rate.answerUs;
  }

  #mayGo(nowUs: number, unit: OutgoingUnit): boolean {
    if (unit.sends === 0 && this.credit.available < unit.body.encoded.length) {
      this.#isStarved = true;
      this.meter.limitedByApplication();
      return false;
    }
    const freeUs = this.#pacer.freeUs(nowUs, wireSize(unit));
    if (freeUs <= nowUs) return true;
    this.#blockedUntilUs = Math.min(this.#blockedUntilUs, freeUs);
    return false;
  }

  // Nothing waits: near the end, the oldest units of others get a second chance on this stream.
  #idle(nowUs: number, stream: StreamState): readonly Uint8Array[] | undefined {
    if (this.#members.size === 0) return undefined;
    this.#isStarved = true;
    this.meter.limitedByApplication();
    if (stream.flyingBytes > 0) return undefined;
    for (const { transfer } of this.#members.values()) {
      if (transfer.state !== "sending" || transfer.pendingBytes > 0) continue;
      if (transfer.encodingCount > 0) continue;
      const oldest = this.#oldestAlone(transfer, stream.index, nowUs);
      if (oldest === undefined || !this.#mayGo(nowUs, oldest.unit)) continue;
      this.repeats.hedged += 1;
      return this.#launch(nowUs, stream, transfer, oldest.unit);
    }
    return undefined;
  }

  // What is younger than a round trip is not late.
  #oldestAlone(transfer: SendingTransfer, index: number, nowUs: number): FlyingUnit | undefined {
    if (this.rate.smoothedRttUs === 0) return undefined;
    const lateUs = 2 * this.rate.answerUs;
    for (const flying of transfer.flyingUnits) {
      if (nowUs - flying.stamp.sentUs < lateUs) return undefined;
      if (flying.streamIndex !== index && flying.unit.flying === 1 && !flying.unit.done) {
        return flying;
      }
    }
    return undefined;
  }

  #launch(
    nowUs: number,
    stream: StreamState,
    transfer: SendingTransfer,
    unit: OutgoingUnit,
  ): readonly Uint8Array[] {
    const size = wireSize(unit);
    this.#isStarved = false;
    this.#pacer.take(nowUs, size);
    stream.launch(nowUs, size);
    this.wireBytes += size;
    transfer.wireBytes += size;
    const flying = transfer.launch(unit, stream.index, this.meter.sent(nowUs, size));
    const chunk = { ...unit.body, unitId: flying.unitId, sentUs: Math.round(nowUs) };
    const offset = this.lent.lend(flying);
    if (offset !== undefined) {
      return [chunkAtFrame(chunk, transfer.handle, offset, this.#options.crc32)];
    }
    return chunkFrame(chunk, transfer.handle, this.#options.crc32);
  }

  #arrived(nowUs: number, transfer: SendingTransfer, unitId: number, rttUs: number): void {
    const flying = transfer.arrive(unitId);
    if (flying === undefined) return;
    this.lent.takeBack(flying);
    const size = wireSize(flying.unit);
    const stream = this.#streams.get(flying.streamIndex);
    stream?.land(size);
    if (stream !== undefined) stream.deliveredBytes += size;
    const sample = this.meter.acknowledged(nowUs, size, flying.stamp);
    this.goodput.add(nowUs, size);
    const { inflightBytes } = this.meter;
    // Whatever a peer echoes: the unit was not under way for longer.
    const heardUs = Math.min(rttUs, nowUs - flying.stamp.sentUs);
    this.rate.sample({ ...sample, nowUs, rttUs: heardUs, inflightBytes });
  }

  #landed(flying: FlyingUnit): void {
    this.lent.takeBack(flying);
    const size = wireSize(flying.unit);
    this.#streams.get(flying.streamIndex)?.land(size);
    this.meter.lost(size);
  }
}

function wireSize(unit: OutgoingUnit): number {
  return unit.body.encoded.length + CHUNK_OVERHEAD_BYTES;
}

// A run may claim billions of units: what it can concern is under way.
function unitsOf(ack: Ack, transfer: SendingTransfer): number[] {
  const units: number[] = [];
  for (const unitId of transfer.acknowledgeable()) {
    if (ack.units.some(({ first, count }) => unitId >= first && unitId < first + count)) {
      units.push(unitId);
    }
  }
  return units;
}
