import type { DeliveryStamp } from "../rate/delivery-meter.js";
import type { FlyingUnit, OutgoingUnit } from "./outgoing-unit.js";

interface Overdue {
  readonly flying: FlyingUnit;
  dueUs: number;
}

/**
 * The copies of a transfer's units that are under way, or were until their stream failed.
 *
 * ```
 * flying ─acknowledged─▶ landed
 * flying ─stream silent─▶ late ─acknowledged─▶ landed               (a repeat waits meanwhile)
 * flying ─stream gone─▶ awaited ─acknowledged elsewhere─▶ landed    awaited ─due─▶ lost
 * ```
 *
 * @see spec/dwcp.md B6, B9
 */
export class Flight {
  readonly #flying = new Map<number, FlyingUnit>();
  // Copies that were given up while their stream still lives: their acknowledgement may come all the same.
  readonly #late = new Map<number, FlyingUnit>();
  // Copies whose stream is gone. What reached the peer is acknowledged on another stream.
  readonly #awaited = new Map<number, Overdue>();
  #nextUnitId = 0;

  /** Copies that count as under way, the oldest first. */
  get units(): Iterable<FlyingUnit> {
    return this.#flying.values();
  }

  /** When the first awaited copy counts as lost; Infinity while there is none. */
  get nextDueUs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { dueUs } of this.#awaited.values()) due = Math.min(due, dueUs);
    return due;
  }

  /** Ids of all copies that an acknowledgement may concern. */
  *acknowledgeable(): Generator<number, void, undefined> {
    yield* this.#flying.keys();
    yield* this.#late.keys();
    yield* this.#awaited.keys();
  }

  /** Notes that a copy of `unit` goes to a stream, and gives its id. */
  launch(unit: OutgoingUnit, streamIndex: number, stamp: DeliveryStamp): FlyingUnit {
    const flying: FlyingUnit = { unitId: this.#nextUnitId++, unit, streamIndex, stamp };
    unit.flying += 1;
    unit.sends += 1;
    this.#flying.set(flying.unitId, flying);
    return flying;
  }

  /** Ends the flight of `unitId`; `undefined` when it does not count as under way. */
  land(unitId: number): FlyingUnit | undefined {
    const flying = this.#flying.get(unitId);
    if (flying === undefined) return undefined;
    this.#flying.delete(unitId);
    flying.unit.flying -= 1;
    return flying;
  }

  /** Takes a copy off that is late or awaited, because the peer acknowledged it after all. */
  recover(unitId: number): OutgoingUnit | undefined {
    const flying = this.#late.get(unitId) ?? this.#awaited.get(unitId)?.flying;
    this.#late.delete(unitId);
    this.#awaited.delete(unitId);
    return flying?.unit;
  }

  /** Lets a copy whose stream is silent count no more; `false` when it had landed. */
  giveUp(flying: FlyingUnit): boolean {
    if (this.land(flying.unitId) === undefined) return false;
    this.#late.set(flying.unitId, flying);
    return true;
  }

  /** A stream is gone: what it carried is awaited until `dueUs`. Returns those copies. */
  streamGone(streamIndex: number, dueUs: number): FlyingUnit[] {
    for (const late of this.#late.values()) {
      if (late.streamIndex === streamIndex) this.#late.delete(late.unitId);
    }
    const gone = [...this.#flying.values()].filter((each) => each.streamIndex === streamIndex);
    for (const flying of gone) {
      this.land(flying.unitId);
      this.#awaited.set(flying.unitId, { flying, dueUs });
    }
    return gone;
  }

  /** Gives awaited copies time until `dueUs`, because nobody could speak of them meanwhile. */
  await(dueUs: number): void {
    for (const overdue of this.#awaited.values()) overdue.dueUs = Math.max(overdue.dueUs, dueUs);
  }

  /** Takes the units of awaited copies that count as lost now. */
  takeLost(nowUs: number): OutgoingUnit[] {
    const lost: OutgoingUnit[] = [];
    for (const [unitId, { flying, dueUs }] of this.#awaited) {
      if (dueUs > nowUs) continue;
      this.#awaited.delete(unitId);
      const { unit } = flying;
      if (!unit.done && unit.flying === 0) lost.push(unit);
    }
    return lost;
  }

  /** Forgets every copy, and gives the units that were under way or awaited. */
  clear(): OutgoingUnit[] {
    const flying = [
      ...this.#flying.values(),
      ...[...this.#awaited.values()].map((each) => each.flying),
    ];
    this.#flying.clear();
    this.#late.clear();
    this.#awaited.clear();
    return flying.map(({ unit }) => unit);
  }
}
