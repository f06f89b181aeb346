import { InputLiveness, type Readiness, readiness } from "./input-liveness.js";

/** A frame that stands for its input. */
export interface LatestPick {
  /** The input. */
  readonly inputStreamId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** The frame's number. */
  readonly seq: number;
}

/** Joins the newest frame of each input, whenever each has one. spec/tensor-pool.md §18 */
export class LatestValueBarrier {
  readonly #inputs: readonly number[];
  readonly #latest = new Map<number, LatestPick>();
  readonly #liveness: InputLiveness;

  /** Starts without frames. */
  constructor(inputs: readonly number[], nowNs: bigint, staleTimeoutNs?: bigint) {
    this.#inputs = inputs;
    this.#liveness = new InputLiveness(inputs, staleTimeoutNs, nowNs);
  }

  /** Notes a frame of an input; one of a new epoch is the newest, whatever its number. */
  observed(pick: LatestPick, nowNs: bigint): void {
    if (!this.#inputs.includes(pick.inputStreamId)) return;
    const known = this.#latest.get(pick.inputStreamId);
    if (known !== undefined && pick.epoch < known.epoch) return;
    if (known !== undefined && pick.epoch === known.epoch && pick.seq <= known.seq) return;
    this.#latest.set(pick.inputStreamId, pick);
    this.#liveness.seen(pick.inputStreamId, nowNs);
  }

  /** Forgets the frames of an input: its epoch has ended. */
  unmapped(inputStreamId: number): void {
    this.#latest.delete(inputStreamId);
  }

  /** Notes that a pick could not be read, because it was overwritten: its input has none until a newer one comes. */
  overwritten(pick: LatestPick): void {
    const known = this.#latest.get(pick.inputStreamId);
    if (known?.seq === pick.seq && known.epoch === pick.epoch) {
      this.#latest.delete(pick.inputStreamId);
    }
  }

  /** Tells whether each input has a frame. */
  ready(nowNs: bigint): Readiness {
    return readiness(
      this.#inputs,
      (input) => this.#latest.has(input),
      (input) => this.#liveness.isStale(input, nowNs),
    );
  }

  /** The newest frame of each input that has one. */
  picks(): readonly LatestPick[] {
    return [...this.#latest.values()];
  }
}
