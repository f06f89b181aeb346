import type { UnitRun } from "../wire/ack.js";
import { MAX_ACK_RUNS } from "../wire/ack.js";

/** ACKs go out when this many units wait for one. spec/dwcp.md B6 */
const UNITS_PER_ACK = 8;
/** ACKs go out when a unit has waited this long. spec/dwcp.md B6 */
const LONGEST_WAIT_US = 20_000;

/** So many of the last ids are told again when their stream is gone: more than a round trip of one stream holds. */
const MAX_RETOLD = 64;

/** What an ACK tells besides totals. */
export interface AckContent {
  readonly units: readonly UnitRun[];
  readonly echoUs: number;
  readonly holdUs: number;
}

interface Newest {
  readonly sentUs: number;
  readonly arrivedUs: number;
}

/**
 * Collects what has to be acknowledged on one stream for one transfer.
 *
 * A unit is acknowledged on the stream that carried it. When that stream is gone, what may have been said on it in vain is said
 * again on another: the sender waits a little for that before it repeats a unit.
 *
 * @see spec/dwcp.md B6
 */
export class AckBook {
  readonly #units: number[] = [];
  readonly #told: number[] = [];
  #newest: Newest | undefined;
  #sinceUs = 0;

  /** When an ACK has to go at latest; Infinity while nothing waits. */
  get dueUs(): number {
    if (this.#units.length === 0) return Number.POSITIVE_INFINITY;
    return this.#units.length >= UNITS_PER_ACK ? this.#sinceUs : this.#sinceUs + LONGEST_WAIT_US;
  }

  /** A unit is stored. `sentUs` is its sender's clock, `arrivedUs` and `nowUs` are this side's. */
  note(nowUs: number, unitId: number, sentUs: number, arrivedUs: number): void {
    if (this.#units.length === 0) this.#sinceUs = nowUs;
    this.#units.push(unitId);
    if (this.#newest === undefined || arrivedUs >= this.#newest.arrivedUs) {
      this.#newest = { sentUs, arrivedUs };
    }
  }

  /** The stream is gone: what was told on it last waits again, to be told on another. */
  retell(nowUs: number): void {
    this.#units.unshift(...this.#told.splice(0));
    this.#sinceUs = nowUs - LONGEST_WAIT_US;
  }

  /** Takes what waits, or `undefined`. */
  take(nowUs: number): AckContent | undefined {
    const newest = this.#newest;
    if (newest === undefined || this.#units.length === 0) return undefined;
    const units = this.#units.splice(0);
    this.#told.push(...units);
    this.#told.splice(0, this.#told.length - MAX_RETOLD);
    const runs = runsOf(units.toSorted((a, b) => a - b));
    return {
      units: runs.slice(0, MAX_ACK_RUNS),
      echoUs: newest.sentUs,
      holdUs: Math.max(0, Math.round(nowUs - newest.arrivedUs)),
    };
  }
}

/** Joins ascending ids to runs. */
export function runsOf(ids: readonly number[]): UnitRun[] {
  const runs: { first: number; count: number }[] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === id) last.count += 1;
    else if (last === undefined || last.first + last.count < id) runs.push({ first: id, count: 1 });
  }
  return runs;
}
