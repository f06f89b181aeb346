import type { Frame } from "../consumer/frame.js";
import type { RelayProducer } from "../producer/relay-producer.js";
import { RateGate } from "./rate-gate.js";

/** What a limiter has counted. */
export interface RateLimiterCounters {
  /** Frames that came. */
  received: number;
  /** Frames that passed. */
  passed: number;
  /** Frames that newer ones took the place of. */
  skipped: number;
  /** Frames that were overwritten before they passed. */
  overwritten: number;
}

/**
 * Publishes the frames of a stream in another one, at a lower rate: whenever a frame may pass, the newest one does, under
 * the number it has. The first one after a start passes at once, and nobody ever waits. spec/tensor-pool.md §19
 */
export class RateLimiter {
  /** What it has counted. */
  readonly counters: RateLimiterCounters = { received: 0, passed: 0, skipped: 0, overwritten: 0 };
  readonly #gate: RateGate;
  readonly #target: RelayProducer;
  #pending: Frame | undefined;
  #pendingSeq = -1;

  /** `maxRateHz` frames a second pass; 0 for all. */
  constructor(target: RelayProducer, maxRateHz: number) {
    this.#gate = new RateGate(maxRateHz);
    this.#target = target;
  }

  /** Takes a frame of the source; it is read now, or in a later `tick` unless another one comes. */
  take(nowNs: bigint, frame: Frame): void {
    this.counters.received++;
    if (this.#pending !== undefined) this.counters.skipped++;
    this.#pending = frame;
    this.#pendingSeq = frame.seq;
    this.tick(nowNs);
  }

  /** Lets the newest frame pass if the time has come. */
  tick(nowNs: bigint): void {
    const frame = this.#pending;
    if (frame === undefined || !this.#gate.isOpen(nowNs)) return;
    this.#pending = undefined;
    // A consumer uses one object for all its frames: another number means that it was not told here.
    if (frame.seq !== this.#pendingSeq || !frame.stillValid()) {
      this.counters.overwritten++;
      return;
    }
    const result = this.#target.publish({
      seq: frame.seq,
      header: frame.header,
      payload: frame.payload,
      traceId: frame.traceId,
      stillValid: () => frame.stillValid(),
    });
    if (result < 0) {
      this.counters.overwritten++;
      return;
    }
    this.#gate.pass(nowNs);
    this.counters.passed++;
  }

  /** Starts over: the source was mapped anew. */
  remapped(): void {
    this.#pending = undefined;
    this.#gate.reset();
  }
}
