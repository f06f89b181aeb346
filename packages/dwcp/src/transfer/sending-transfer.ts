import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { DeliveryStamp } from "../rate/delivery-meter.js";
import type { UnitBody } from "../wire/chunk.js";
import type { IntervalPair, NackReason, OfferMessage } from "../wire/transfer-messages.js";
import { type EncodingRule, encodingRules, type PlannedExtent } from "./encoding-rule.js";
import type { FlyingUnit, OutgoingUnit } from "./outgoing-unit.js";

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

const RAW_AFTER_FAILURES = 2;
const ABORT_AFTER_FAILURES = 5;

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
  readonly #pending: Readonly<Record<EncodingRule, IntervalSet>> = {
    raw: new IntervalSet(),
    plain: new IntervalSet(),
    withoutSelf: new IntervalSet(),
    best: new IntervalSet(),
  };
  readonly #waiting: OutgoingUnit[] = [];
  readonly #repeats: OutgoingUnit[] = [];
  readonly #flying = new Map<number, FlyingUnit>();
  // Copies that were given up while their stream still lives: their acknowledgement may come all the same.
  readonly #late = new Map<number, FlyingUnit>();
  readonly #failures = new Map<number, number>();
  #encoding = 0;
  #waitingBytes = 0;
  #nextUnitId = 0;
  #refund = 0;
  #attempt = 0;
  #length: number;
  #isGrowing: boolean;

  /** Part of the session's bytes that it gets at least, 0 to 1. */
  readonly minShare: number;

  /** An offer without a length is of an object that grows until {@link end}. */
  constructor(offer: OfferMessage, minShare = 0) {
    this.offer = offer;
    this.minShare = minShare;
    this.#isGrowing = offer.rawLength < 0;
    this.#length = Math.max(0, offer.rawLength);
    this.#pending.best.add(0, this.#length);
  }

  /** Raw bytes of the object, as far as they are there. */
  get rawLength(): number {
    return this.#length;
  }

  /** Encoded bytes that are ready to be sent. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Raw bytes that nobody encodes yet. */
  get pendingBytes(): number {
    return encodingRules.reduce((sum, rule) => sum + this.#pending[rule].covered, 0);
  }

  /** Extents that were taken and not supplied yet. */
  get encodingCount(): number {
    return this.#encoding;
  }

  /** Whether a unit can be handed to a stream. */
  get hasUnits(): boolean {
    return this.state === "sending" && this.nextUnit !== undefined;
  }

  /** Copies of units that are under way, the oldest first. */
  get flyingUnits(): Iterable<FlyingUnit> {
    return this.#flying.values();
  }

  /** Ids of all copies that an acknowledgement may concern. */
  *acknowledgeable(): Generator<number, void, undefined> {
    yield* this.#flying.keys();
    yield* this.#late.keys();
  }

  /** Whether every byte is known to have arrived. */
  get isComplete(): boolean {
    return !this.#isGrowing && this.arrived.covered === this.#length;
  }

  /** More of the object is there. */
  grow(length: number): void {
    this.#pending.best.add(this.#length, length);
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
    this.#attempt += 1;
    this.#encoding = 0;
    this.#forgetUnits();
    this.arrived.clear();
    for (const [start, length] of held) {
      this.arrived.add(start, Math.min(this.#length, start + length));
    }
    for (const rule of encodingRules) this.#pending[rule].clear();
    this.#pending.best.add(0, this.#length);
    for (let i = 0; i < this.arrived.count; i++) {
      this.#pending.best.remove(this.arrived.start(i), this.arrived.end(i));
    }
    if (this.isComplete) this.state = "finishing";
  }

  /** Takes the next extent that has to be encoded, of at most `maxRawBytes`. */
  takeExtent(maxRawBytes: number): PlannedExtent | undefined {
    for (const rule of encodingRules) {
      const pending = this.#pending[rule];
      if (pending.count === 0) continue;
      const start = pending.start(0);
      const end = Math.min(pending.end(0), start + maxRawBytes);
      pending.remove(start, end);
      this.#encoding += 1;
      return { start, end, rule, attempt: this.#attempt };
    }
    return undefined;
  }

  /** Gives what an extent was encoded to. What the units leave out has to be encoded later. */
  supply(extent: PlannedExtent, units: readonly UnitBody[]): void {
    if (extent.attempt !== this.#attempt) return;
    this.#encoding -= 1;
    const rest = new IntervalSet();
    rest.add(extent.start, extent.end);
    for (const body of units) {
      rest.remove(body.rawOffset, body.rawOffset + body.rawBytes);
      this.#waiting.push({ body, rule: extent.rule, flying: 0, sends: 0, done: false });
      this.#waitingBytes += body.encoded.length;
    }
    for (let i = 0; i < rest.count; i++) this.#plan(rest.start(i), rest.end(i), extent.rule);
  }

  /** The next unit for a stream, which stays where it is: repeats first. */
  get nextUnit(): OutgoingUnit | undefined {
    for (const queue of [this.#repeats, this.#waiting]) {
      while (queue[0]?.done === true) this.#waitingBytes -= queue.shift()?.body.encoded.length ?? 0;
      if (queue[0] !== undefined) return queue[0];
    }
    return undefined;
  }

  /** Takes the next unit for a stream. */
  takeUnit(): OutgoingUnit | undefined {
    const unit = this.nextUnit;
    if (unit === undefined) return undefined;
    (this.#repeats.length > 0 ? this.#repeats : this.#waiting).shift();
    this.#waitingBytes -= unit.body.encoded.length;
    return unit;
  }

  /** Notes that a copy of `unit` goes to a stream, and gives its id. */
  launch(unit: OutgoingUnit, streamIndex: number, stamp: DeliveryStamp): FlyingUnit {
    const flying: FlyingUnit = { unitId: this.#nextUnitId++, unit, streamIndex, stamp };
    unit.flying += 1;
    unit.sends += 1;
    this.#flying.set(flying.unitId, flying);
    return flying;
  }

  /** Ends the flight of `unitId` because the peer acknowledged it; `undefined` when it flies no more. */
  arrive(unitId: number): FlyingUnit | undefined {
    const flying = this.#land(unitId);
    const unit = (flying ?? this.#late.get(unitId))?.unit;
    this.#late.delete(unitId);
    if (unit === undefined) return undefined;
    const { body } = unit;
    unit.done = true;
    this.arrived.add(body.rawOffset, body.rawOffset + body.rawBytes);
    this.#failures.delete(body.rawOffset);
    if (this.isComplete && this.state === "sending") this.state = "finishing";
    return flying;
  }

  /** Gives up a copy whose stream is silent; the unit goes to the front of the queue. */
  giveUp(flying: FlyingUnit): void {
    if (this.#land(flying.unitId) === undefined) return;
    this.#late.set(flying.unitId, flying);
    this.repeat(flying.unit);
  }

  /** A stream is gone: what it carried goes to the front of the queue. Returns the copies that were under way. */
  streamGone(streamIndex: number): FlyingUnit[] {
    for (const late of this.#late.values()) {
      if (late.streamIndex === streamIndex) this.#late.delete(late.unitId);
    }
    const gone = [...this.#flying.values()].filter((each) => each.streamIndex === streamIndex);
    for (const { unitId, unit } of gone) {
      this.#land(unitId);
      this.repeat(unit);
    }
    return gone;
  }

  /** Queues another copy of a unit that is under way or was lost. */
  repeat(unit: OutgoingUnit): void {
    if (unit.done || this.#repeats.includes(unit)) return;
    this.#repeats.push(unit);
    this.#waitingBytes += unit.body.encoded.length;
  }

  /**
   * The peer refused a unit: it is repeated, or its extent is encoded another way.
   *
   * @throws {@link DwcpError} `dwcp.integrity` at the fifth failure of an extent, `dwcp.protocol` when the peer says that the
   *   unit lies outside of the object.
   * @see spec/dwcp.md B6
   */
  refuse(unitId: number, reason: NackReason): FlyingUnit | undefined {
    const flying = this.#land(unitId);
    if (flying === undefined || flying.unit.done) return flying;
    const { unit } = flying;
    const { rawOffset: start, rawBytes, baselineSlot, dictionarySlot } = unit.body;
    const end = start + rawBytes;
    switch (reason) {
      case "CRC":
      case "DECODE":
        this.#failed(unit);
        break;
      case "BASELINE_MISSING":
      case "BASELINE_MISMATCH":
        this.baselineSlots.delete(baselineSlot);
        this.#replanWhere((each) => each.body.baselineSlot === baselineSlot);
        this.#replace(unit, start, end, "best");
        break;
      case "DICT_MISSING":
        this.dictionarySlots.delete(dictionarySlot);
        this.#replanWhere((each) => each.body.dictionarySlot === dictionarySlot);
        this.#replace(unit, start, end, "best");
        break;
      case "DEPENDENCY":
        this.#replace(unit, start, end, "withoutSelf");
        break;
      case "NO_SPACE":
        this.repeat(unit);
        this.state = "paused";
        break;
      case "RANGE":
        throw new DwcpError("dwcp.protocol", `the peer has no place for bytes ${start} to ${end}`);
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
      this.#plan(start, end, "plain");
    }
    this.state = this.isComplete ? "finishing" : "sending";
  }

  /** Ends a pause. */
  goOn(): void {
    this.state = this.isComplete ? "finishing" : "sending";
  }

  /** Takes the encoded bytes that were paid for with credit and will never be counted by the peer. */
  takeRefund(): number {
    const refund = this.#refund;
    this.#refund = 0;
    return refund;
  }

  /** Forgets everything that is encoded or under way, after the transfer ended one way or another. */
  release(): void {
    this.#forgetUnits();
    for (const rule of encodingRules) this.#pending[rule].clear();
  }

  #land(unitId: number): FlyingUnit | undefined {
    const flying = this.#flying.get(unitId);
    if (flying === undefined) return undefined;
    this.#flying.delete(unitId);
    flying.unit.flying -= 1;
    return flying;
  }

  #failed(unit: OutgoingUnit): void {
    const { rawOffset: start, rawBytes } = unit.body;
    const failures = (this.#failures.get(start) ?? 0) + 1;
    this.#failures.set(start, failures);
    if (failures >= ABORT_AFTER_FAILURES) {
      throw new DwcpError(
        "dwcp.integrity",
        `the bytes at ${start} arrived damaged ${failures} times`,
      );
    }
    if (failures < RAW_AFTER_FAILURES) this.repeat(unit);
    else this.#replace(unit, start, start + rawBytes, "raw");
  }

  #replanWhere(concerned: (unit: OutgoingUnit) => boolean): void {
    for (const queue of [this.#waiting, this.#repeats]) {
      for (let i = queue.length - 1; i >= 0; i--) {
        const unit = queue[i];
        if (unit === undefined || !concerned(unit)) continue;
        queue.splice(i, 1);
        this.#waitingBytes -= unit.body.encoded.length;
        const { rawOffset, rawBytes } = unit.body;
        if (!unit.done) this.#replace(unit, rawOffset, rawOffset + rawBytes, unit.rule);
      }
    }
  }

  // `unit` is not sent again; what it stood for is encoded anew.
  #replace(unit: OutgoingUnit, start: number, end: number, rule: EncodingRule): void {
    this.#withdraw(unit);
    this.#plan(start, end, rule);
  }

  #withdraw(unit: OutgoingUnit): void {
    if (unit.done) return;
    unit.done = true;
    if (unit.sends > 0) this.#refund += unit.body.encoded.length;
  }

  #plan(start: number, end: number, rule: EncodingRule): void {
    for (const each of encodingRules) this.#pending[each].remove(start, end);
    this.#pending[rule].add(start, end);
  }

  #forgetUnits(): void {
    for (const unit of this.#repeats) this.#withdraw(unit);
    for (const { unit } of this.#flying.values()) this.#withdraw(unit);
    this.#waiting.length = 0;
    this.#repeats.length = 0;
    this.#waitingBytes = 0;
    this.#flying.clear();
    this.#late.clear();
    this.#failures.clear();
  }
}
