import type { UnitRun } from "../wire/ack.js";
import { MAX_ACK_RUNS } from "../wire/ack.js";

/** ACKs go out when this many units wait for one. spec/dwcp.md B6 */
const UNITS_PER_ACK = 8;
/** ACKs go out when a unit has waited this long. spec/dwcp.md B6 */
const LONGEST_WAIT_US = 20_000;

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
 * A unit is acknowledged on the stream that carried it: if that stream dies, unit and acknowledgement are lost together, and
 * the sender repeats the unit.
 *
 * @see spec/dwcp.md B6
 */
export class AckBook {
  readonly #units: number[] = [];
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

  /** Takes what waits, or `undefined`. */
  take(nowUs: number): AckContent | undefined {
    const newest = this.#newest;
    if (newest === undefined) return undefined;
    const runs = runsOf(this.#units.splice(0).toSorted((a, b) => a - b));
    this.#newest = undefined;
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
