import { InputLiveness, type Readiness, readiness } from "./input-liveness.js";
import type { SequenceMergeMap, SequenceRule } from "./merge-map.js";

/** How a barrier judges. */
export interface SequenceBarrierOptions {
  /** Whether inputs must have been processed, not only seen; by default seen is enough. */
  readonly requireProcessed?: boolean;
}

interface Input {
  observed: number;
  processed: number;
}

/**
 * Tells when all inputs of an output have come far enough, by number. It waits for nobody's memory and keeps nobody from
 * overwriting it. spec/tensor-pool.md §18
 *
 * ```
 *   blocked ──map of the epoch──▶ judging ──other epoch──▶ blocked
 * ```
 */
export class SequenceBarrier {
  readonly #outStreamId: number;
  readonly #requireProcessed: boolean;
  #epoch: bigint;
  #map: SequenceMergeMap | undefined;
  #inputs = new Map<number, Input>();
  #liveness = new InputLiveness([], undefined, 0n);

  /** Starts blocked. */
  constructor(outStreamId: number, epoch: bigint, options: SequenceBarrierOptions = {}) {
    this.#outStreamId = outStreamId;
    this.#epoch = epoch;
    this.#requireProcessed = options.requireProcessed ?? false;
  }

  /** Takes a map; one of another output or epoch is not ours. What was known of inputs starts over. */
  mapped(map: SequenceMergeMap, nowNs: bigint): boolean {
    if (map.outStreamId !== this.#outStreamId || map.epoch !== this.#epoch) return false;
    this.#map = map;
    const inputs = map.rules.map(({ inputStreamId }) => inputStreamId);
    this.#inputs = new Map(inputs.map((id) => [id, { observed: -1, processed: -1 }]));
    this.#liveness = new InputLiveness(inputs, map.staleTimeoutNs, nowNs);
    return true;
  }

  /** Takes a new epoch of the output: blocked until a map of it comes. */
  setEpoch(epoch: bigint): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#map = undefined;
  }

  /** Notes that a frame of an input was seen. */
  observed(inputStreamId: number, seq: number, nowNs: bigint): void {
    const input = this.#inputs.get(inputStreamId);
    if (input === undefined) return;
    input.observed = Math.max(input.observed, seq);
    this.#liveness.seen(inputStreamId, nowNs);
  }

  /** Notes that a frame of an input was processed, which means that it was seen. */
  processed(inputStreamId: number, seq: number, nowNs: bigint): void {
    const input = this.#inputs.get(inputStreamId);
    if (input === undefined) return;
    input.processed = Math.max(input.processed, seq);
    this.observed(inputStreamId, seq, nowNs);
  }

  /** Tells whether output `outSeq` may be made. */
  ready(outSeq: number, nowNs: bigint): Readiness {
    const map = this.#map;
    if (map === undefined) return { kind: "noMap" };
    const rules = new Map(map.rules.map((rule) => [rule.inputStreamId, rule]));
    return readiness(
      [...rules.keys()],
      (id) => this.#isReady(rules.get(id), id, outSeq),
      (id) => this.#liveness.isStale(id, nowNs),
    );
  }

  #isReady(rule: SequenceRule | undefined, inputStreamId: number, outSeq: number): boolean {
    const input = this.#inputs.get(inputStreamId);
    if (rule === undefined || input === undefined) return false;
    const required = rule.kind === "offset" ? outSeq + rule.offset : outSeq;
    if (required < 0 || (rule.kind === "window" && outSeq + 1 < rule.window)) return false;
    const have = this.#requireProcessed ? input.processed : input.observed;
    return have >= required;
  }
}
