import { InputLiveness, type Readiness, readiness } from "./input-liveness.js";
import type { TimestampMergeMap, TimestampRule } from "./merge-map.js";

/** The two times of a frame, in nanoseconds of the map's clock. */
export interface FrameTimes {
  /** What its descriptor says. */
  readonly descriptor: bigint | undefined;
  /** What its slot says. */
  readonly slot: bigint | undefined;
}

/** What became of an input's frame. */
export type TimestampOutcome = "taken" | "noTimestamp" | "notMonotonic" | "notAnInput";

/** Tells when all inputs of an output have come far enough, by time. Otherwise like a barrier by number. spec/tensor-pool.md §18 */
export class TimestampBarrier {
  readonly #outStreamId: number;
  readonly #clock: "monotonic" | "realtime";
  #epoch: bigint;
  #map: TimestampMergeMap | undefined;
  #rules = new Map<number, TimestampRule>();
  #observedNs = new Map<number, bigint>();
  #rejected = new Set<number>();
  #liveness = new InputLiveness([], undefined, 0n);

  /** Starts blocked; `clock` is that of the output's times, and a map of the other one is refused. */
  constructor(outStreamId: number, epoch: bigint, clock: "monotonic" | "realtime") {
    this.#outStreamId = outStreamId;
    this.#epoch = epoch;
    this.#clock = clock;
  }

  /** Takes a map; one of another output, epoch or clock is not ours. */
  mapped(map: TimestampMergeMap, nowNs: bigint): boolean {
    const ours = map.outStreamId === this.#outStreamId && map.epoch === this.#epoch;
    if (!ours || map.clock !== this.#clock) return false;
    this.#map = map;
    this.#rules = new Map(map.rules.map((rule) => [rule.inputStreamId, rule]));
    this.#observedNs.clear();
    this.#rejected.clear();
    this.#liveness = new InputLiveness([...this.#rules.keys()], map.staleTimeoutNs, nowNs);
    return true;
  }

  /** Takes a new epoch of the output: blocked until a map of it comes. */
  setEpoch(epoch: bigint): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#map = undefined;
  }

  /** Takes the times of an input's frame. A time that goes back rejects the input until the next map. */
  observed(inputStreamId: number, times: FrameTimes, nowNs: bigint): TimestampOutcome {
    const rule = this.#rules.get(inputStreamId);
    if (rule === undefined) return "notAnInput";
    const timeNs = times[rule.source];
    if (timeNs === undefined) return "noTimestamp";
    const before = this.#observedNs.get(inputStreamId);
    if (before !== undefined && timeNs < before) {
      this.#rejected.add(inputStreamId);
      return "notMonotonic";
    }
    this.#observedNs.set(inputStreamId, timeNs);
    this.#liveness.seen(inputStreamId, nowNs);
    return "taken";
  }

  /** Tells whether the output of `outNs` may be made. */
  ready(outNs: bigint, nowNs: bigint): Readiness {
    const map = this.#map;
    if (map === undefined) return { kind: "noMap" };
    return readiness(
      [...this.#rules.keys()],
      (id) => this.#isReady(map, id, outNs),
      (id) => this.#liveness.isStale(id, nowNs),
    );
  }

  #isReady(map: TimestampMergeMap, inputStreamId: number, outNs: bigint): boolean {
    const rule = this.#rules.get(inputStreamId);
    const observedNs = this.#observedNs.get(inputStreamId);
    if (rule === undefined || observedNs === undefined) return false;
    if (this.#rejected.has(inputStreamId)) return false;
    if (rule.kind === "window" && outNs < rule.windowNs) return false;
    const requiredNs = rule.kind === "offset" ? outNs + rule.offsetNs : outNs;
    return observedNs >= requiredNs - map.latenessNs;
  }
}
