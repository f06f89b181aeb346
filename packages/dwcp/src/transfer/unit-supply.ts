import { IntervalSet } from "@proj/wire-types";
import type { UnitBody } from "../wire/chunk.js";
import type { EncodingRule, PlannedExtent } from "./encoding-rule.js";
import { ExtentPlan } from "./extent-plan.js";
import type { OutgoingUnit } from "./outgoing-unit.js";
import { UnitQueue } from "./unit-queue.js";

/** What of an object has to be encoded, which of its units wait for a stream, and what becomes of those that are encoded anew. */
export class UnitSupply {
  /** Which parts have to be encoded, and how. */
  readonly plan: ExtentPlan = new ExtentPlan();
  /** Units that wait. */
  readonly queue: UnitQueue = new UnitQueue();
  #refund = 0;

  /** Takes what an extent was encoded to. What the units leave out has to be encoded later. */
  add(extent: PlannedExtent, units: readonly UnitBody[]): void {
    if (!this.plan.supplied(extent)) return;
    const rest = new IntervalSet();
    rest.add(extent.start, extent.end);
    for (const body of units) {
      rest.remove(body.rawOffset, body.rawOffset + body.rawBytes);
      this.queue.add({ body, rule: extent.rule, flying: 0, sends: 0, done: false });
    }
    for (let i = 0; i < rest.count; i++) this.plan.move(rest.start(i), rest.end(i), extent.rule);
  }

  /** Sends `unit` no more: what it stood for is encoded anew. */
  replace(unit: OutgoingUnit, rule: EncodingRule): void {
    const { rawOffset, rawBytes } = unit.body;
    this.#withdraw(unit);
    this.plan.move(rawOffset, rawOffset + rawBytes, rule);
  }

  /** Does that to all units that wait and that `concerned` names, by the rule of each. */
  replaceWhere(concerned: (unit: OutgoingUnit) => boolean): void {
    for (const unit of this.queue.takeWhere(concerned)) {
      if (!unit.done) this.replace(unit, unit.rule);
    }
  }

  /** Forgets the units that wait and `flying` ones; what is planned stays. */
  forgetUnits(flying: readonly OutgoingUnit[]): void {
    for (const unit of [...this.queue.clear(), ...flying]) this.#withdraw(unit);
  }

  /** Takes the encoded bytes that were paid for with credit and will never be counted by the peer. */
  takeRefund(): number {
    const refund = this.#refund;
    this.#refund = 0;
    return refund;
  }

  #withdraw(unit: OutgoingUnit): void {
    if (unit.done) return;
    unit.done = true;
    if (unit.sends > 0) this.#refund += unit.body.encoded.length;
  }
}
