import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { DeliveryStamp } from "../rate/delivery-meter.js";
import type { UnitBody } from "../wire/chunk.js";
import type { IntervalPair, NackReason, OfferMessage } from "../wire/transfer-messages.js";
import type { PlannedExtent } from "./encoding-rule.js";
import { FailureBook } from "./failure-book.js";
import { Flight } from "./flight.js";
import type { FlyingUnit, OutgoingUnit } from "./outgoing-unit.js";
import { UnitSupply } from "./unit-supply.js";

/** Where a transfer is, seen from the side that sends. spec/dwcp.md B7 */
export type SendingState =
  | "planned"
  | "offered"
  | "sending"
  | "paused"
  | "finishing"
  | "verifying"
  | "committed"
  | "failed"
  | "cancelled";

/**
 * The sender's side of one object's way: what has to be encoded, what waits, what is under way and what arrived.
 *
 * ```
 * planned ─OFFER─▶ offered ─ACCEPT─▶ sending ⇄ paused
 *                                    sending ─all arrived─▶ finishing ─FIN─▶ verifying ─COMMITTED─▶ committed
 *                                                           verifying ─REPAIR─▶ sending
 * any ─▶ failed, cancelled              any but the last four ─session lost─▶ offered
 * ```
 *
 * @see spec/dwcp.md B6, B7
 */
export class SendingTransfer {
  /** What the peer is asked to take. */
  readonly offer: OfferMessage;
  state: SendingState = "planned";
  /** What the receiver calls it; 0 before ACCEPT. */
  handle = 0;
  /** Bytes of the frames that carried its units, with repeats. */
  wireBytes = 0;
  /** Slots that the receiver has, and that have not failed since. */
  readonly baselineSlots: Set<number> = new Set();
  readonly dictionarySlots: Set<number> = new Set();
  /** Bytes that the peer has, as far as is known. Its owner may encode later units against them. */
  readonly arrived: IntervalSet = new IntervalSet();
  readonly #supply = new UnitSupply();
  readonly #flight = new Flight();
  readonly #failures = new FailureBook();
  #length: number;
  #isGrowing: boolean;

  /** Part of the session's bytes that it gets at least, 0 to 1. */
  readonly minShare: number;

  readonly #landed: ((body: UnitBody) => void) | undefined;

  /**
   * An offer without a length is of an object that grows until {@link end}. `landed` hears of each unit that the peer has and that
   * went out once: nothing reads its bytes any more.
   */
  constructor(offer: OfferMessage, minShare = 0, landed?: (body: UnitBody) => void) {
    this.offer = offer;
    this.minShare = minShare;
    this.#landed = landed;
    this.#isGrowing = offer.rawLength < 0;
    this.#length = Math.max(0, offer.rawLength);
    this.#supply.plan.add(0, this.#length, "best");
  }

  /** Raw bytes of the object, as far as they are there. */
  get rawLength(): number {
    return this.#length;
  }

  /** Encoded bytes that are ready to be sent. */
  get waitingBytes(): number {
    return this.#supply.queue.waitingBytes;
  }

  /** Raw bytes that nobody encodes yet. */
  get pendingBytes(): number {
    return this.#supply.plan.pendingBytes;
  }

  /** Extents that were taken and not supplied yet. */
  get encodingCount(): number {
    return this.#supply.plan.encodingCount;
  }

  /** Whether a unit can be handed to a stream. */
  get hasUnits(): boolean {
    return this.state === "sending" && this.nextUnit !== undefined;
  }

  /** Copies of units that are under way, the oldest first. */
  get flyingUnits(): Iterable<FlyingUnit> {
    return this.#flight.units;
  }

  /** When copies of a stream that is gone count as lost; Infinity while there are none. */
  get nextLossUs(): number {
    return this.#flight.nextDueUs;
  }

  /** Ids of all copies that an acknowledgement may concern. */
  acknowledgeable(): Iterable<number> {
    return this.#flight.acknowledgeable();
  }

  /** Whether every byte is known to have arrived. */
  get isComplete(): boolean {
    return !this.#isGrowing && this.arrived.covered === this.#length;
  }

  /** More of the object is there. */
  grow(length: number): void {
    this.#supply.plan.add(this.#length, length, "best");
    this.#length = Math.max(this.#length, length);
  }

  /** There is no more than there is now; `true` when the last byte of it had arrived already. */
  end(): boolean {
    this.#isGrowing = false;
    if (!this.isComplete || this.state !== "sending") return false;
    this.state = "finishing";
    return true;
  }

  /** The peer accepted: what it holds need not be sent, what only seemed to have arrived has to be again. */
  accepted(handle: number, held: readonly IntervalPair[]): void {
    this.handle = handle;
    this.state = "sending";
    this.#forgetUnits();
    this.arrived.clear();
    for (const [start, length] of held) {
      this.arrived.add(start, Math.min(this.#length, start + length));
    }
    this.#supply.plan.begin(this.#length, this.arrived);
    if (this.isComplete) this.state = "finishing";
  }

  /** Takes the next extent that has to be encoded, of at most `maxRawBytes`. */
  takeExtent(maxRawBytes: number): PlannedExtent | undefined {
    return this.#supply.plan.take(maxRawBytes);
  }

  /** Gives what an extent was encoded to. What the units leave out has to be encoded later. */
  supply(extent: PlannedExtent, units: readonly UnitBody[]): void {
    this.#supply.add(extent, units);
  }

  /** The next unit for a stream, which stays where it is: repeats first. */
  get nextUnit(): OutgoingUnit | undefined {
    return this.#supply.queue.next;
  }

  /** Takes the next unit for a stream. */
  takeUnit(): OutgoingUnit | undefined {
    return this.#supply.queue.take();
  }

  /** Notes that a copy of `unit` goes to a stream, and gives its id. */
  launch(unit: OutgoingUnit, streamIndex: number, stamp: DeliveryStamp): FlyingUnit {
    return this.#flight.launch(unit, streamIndex, stamp);
  }

  /** Ends the flight of `unitId` because the peer acknowledged it; `undefined` when it flies no more. */
  arrive(unitId: number): FlyingUnit | undefined {
    const flying = this.#flight.land(unitId);
    const unit = flying?.unit ?? this.#flight.recover(unitId);
    if (unit === undefined) return undefined;
    const { body } = unit;
    unit.done = true;
    this.arrived.add(body.rawOffset, body.rawOffset + body.rawBytes);
    this.#failures.forget(body.rawOffset);
    if (this.isComplete && this.state === "sending") this.state = "finishing";
    // Another copy may still lie in a socket.
    if (flying !== undefined && unit.sends === 1) this.#landed?.(body);
    return flying;
  }

  /** Gives up a copy whose stream is silent; the unit goes to the front of the queue. */
  giveUp(flying: FlyingUnit): void {
    if (this.#flight.giveUp(flying)) this.#supply.queue.repeat(flying.unit);
  }

  /**
   * A stream is gone. What it carried is sent again once `dueUs` has come, unless the peer acknowledges it on another stream
   * until then. Returns the copies that were under way.
   */
  streamGone(streamIndex: number, dueUs: number): FlyingUnit[] {
    return this.#flight.streamGone(streamIndex, dueUs);
  }

  /** Waits until `dueUs` for acknowledgements of what streams carried that are gone. */
  awaitAcknowledgements(dueUs: number): void {
    this.#flight.await(dueUs);
  }

  /** Queues what counts as lost now, before anything else; returns how many units that are. */
  repeatLost(nowUs: number): number {
    const lost = this.#flight.takeLost(nowUs);
    for (const unit of lost) this.#supply.queue.repeat(unit);
    return lost.length;
  }

  /**
   * The peer refused a unit: it is repeated, or its extent is encoded another way.
   *
   * @throws {@link DwcpError} `dwcp.integrity` at the fifth failure of an extent, `dwcp.protocol` when the peer says that the
   *   unit lies outside of the object.
   * @see spec/dwcp.md B6
   */
  refuse(unitId: number, reason: NackReason): FlyingUnit | undefined {
    const flying = this.#flight.land(unitId);
    if (flying === undefined || flying.unit.done) return flying;
    const { unit } = flying;
    const { rawOffset, rawBytes, baselineSlot, dictionarySlot } = unit.body;
    switch (reason) {
      case "CRC":
      case "DECODE":
        if (this.#failures.note(rawOffset) === "raw") this.#supply.replace(unit, "raw");
        else this.#supply.queue.repeat(unit);
        break;
      case "BASELINE_MISSING":
      case "BASELINE_MISMATCH":
        this.baselineSlots.delete(baselineSlot);
        this.#supply.replaceWhere((each) => each.body.baselineSlot === baselineSlot);
        this.#supply.replace(unit, "best");
        break;
      case "DICT_MISSING":
        this.dictionarySlots.delete(dictionarySlot);
        this.#supply.replaceWhere((each) => each.body.dictionarySlot === dictionarySlot);
        this.#supply.replace(unit, "best");
        break;
      case "DEPENDENCY":
        this.#supply.replace(unit, "withoutSelf");
        break;
      case "NO_SPACE":
        this.#supply.queue.repeat(unit);
        this.state = "paused";
        break;
      case "RANGE":
        throw new DwcpError(
          "dwcp.protocol",
          `the peer has no place for bytes ${rawOffset} to ${rawOffset + rawBytes}`,
        );
    }
    return flying;
  }

  /** The receiver found leaves that are wrong: they are sent again, plainly. */
  repair(leaves: readonly number[]): void {
    const { leafBytes } = this.offer;
    for (const leaf of leaves) {
      const start = leaf * leafBytes;
      const end = Math.min(this.#length, start + leafBytes);
      if (end <= start) continue;
      this.arrived.remove(start, end);
      this.#supply.plan.move(start, end, "plain");
    }
    this.state = this.isComplete ? "finishing" : "sending";
  }

  /** Ends a pause. */
  goOn(): void {
    this.state = this.isComplete ? "finishing" : "sending";
  }

  /** Takes the encoded bytes that were paid for with credit and will never be counted by the peer. */
  takeRefund(): number {
    return this.#supply.takeRefund();
  }

  /** Forgets everything that is encoded or under way, after the transfer ended one way or another. */
  release(): void {
    this.#forgetUnits();
    this.#supply.plan.clear();
  }

  #forgetUnits(): void {
    this.#supply.forgetUnits(this.#flight.clear());
    this.#failures.clear();
  }
}
