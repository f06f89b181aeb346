import type { OutgoingUnit } from "./outgoing-unit.js";

/** Encoded units that wait for a stream: repeats first, then in the order in which they came. */
export class UnitQueue {
  readonly #fresh: OutgoingUnit[] = [];
  readonly #repeats: OutgoingUnit[] = [];
  #waitingBytes = 0;

  /** Encoded bytes that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The next unit, which stays where it is. */
  get next(): OutgoingUnit | undefined {
    for (const queue of [this.#repeats, this.#fresh]) {
      while (queue[0]?.done === true) this.#waitingBytes -= queue.shift()?.body.encoded.length ?? 0;
      if (queue[0] !== undefined) return queue[0];
    }
    return undefined;
  }

  /** Adds a unit that was never sent. */
  add(unit: OutgoingUnit): void {
    this.#fresh.push(unit);
    this.#waitingBytes += unit.body.encoded.length;
  }

  /** Adds another copy of a unit, unless it arrived or one waits already. */
  repeat(unit: OutgoingUnit): void {
    if (unit.done || this.#repeats.includes(unit)) return;
    this.#repeats.push(unit);
    this.#waitingBytes += unit.body.encoded.length;
  }

  /** Takes the next unit. */
  take(): OutgoingUnit | undefined {
    const unit = this.next;
    if (unit === undefined) return undefined;
    (this.#repeats.length > 0 ? this.#repeats : this.#fresh).shift();
    this.#waitingBytes -= unit.body.encoded.length;
    return unit;
  }

  /** Takes out the units that `concerned` names, the newest first. */
  takeWhere(concerned: (unit: OutgoingUnit) => boolean): OutgoingUnit[] {
    const taken: OutgoingUnit[] = [];
    for (const queue of [this.#fresh, this.#repeats]) {
      for (let i = queue.length - 1; i >= 0; i--) {
        const unit = queue[i];
        if (unit === undefined || !concerned(unit)) continue;
        queue.splice(i, 1);
        this.#waitingBytes -= unit.body.encoded.length;
        taken.push(unit);
      }
    }
    return taken;
  }

  /** Forgets everything, and gives the units of which a copy had been sent. */
  clear(): OutgoingUnit[] {
    const repeats = this.#repeats.splice(0);
    this.#fresh.length = 0;
    this.#waitingBytes = 0;
    return repeats;
  }
}
