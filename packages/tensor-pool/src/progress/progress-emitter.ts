import { FrameProgressState } from "../messages/generated/wire.js";
import type { ProgressPolicy } from "./progress-policy.js";

/** What a producer says of a frame that it is writing. */
export interface ProgressUpdate {
  /** The frame. */
  readonly seq: number;
  /** Bytes from the beginning that are written. */
  readonly filledBytes: number;
  /** How far it is. */
  readonly state: FrameProgressState;
}

/** How a producer throttles. */
export interface ProgressEmitterOptions {
  /** The rule. */
  readonly policy: ProgressPolicy;
  /** Sends an update to whoever is told. */
  readonly emit: (update: ProgressUpdate) => void;
  /**
   * When an update is due: `lenient`, the default, when time has passed or enough was written; `strict` when both.
   * spec/tensor-pool.md §10
   */
  readonly throttle?: "lenient" | "strict";
}

/**
 * Tells how far a frame is, seldom enough. spec/tensor-pool.md §10
 *
 * ```
 *   idle ──start──▶ writing ──update · tick: due──▶ writing ──complete──▶ idle
 * ```
 * What is not due is not kept: `tick` sends the latest value when the time has come. While nobody wants progress nothing is
 * sent, and a frame that began then stays silent to its end.
 */
export class ProgressEmitter {
  readonly #options: ProgressEmitterOptions;
  #seq = -1;
  #announced = false;
  #filledBytes = 0;
  #totalBytes = 0;
  #unitBytes = 0;
  #sentBytes = 0;
  #sentUs = 0;

  /** Starts idle. */
  constructor(options: ProgressEmitterOptions) {
    this.#options = options;
  }

  /** Begins a frame of `totalBytes`; `unitBytes` is its progress stride, or 0 where it has none. */
  start(nowUs: number, seq: number, totalBytes: number, unitBytes = 0): void {
    this.#seq = seq;
    this.#filledBytes = 0;
    this.#totalBytes = totalBytes;
    this.#unitBytes = unitBytes;
    this.#sentBytes = 0;
    this.#sentUs = nowUs;
    this.#announced = this.#options.policy.isWanted;
    if (this.#announced) this.#emit(FrameProgressState.STARTED);
  }

  /** Takes how many bytes from the beginning are written; less than before, or more than there are, is a caller's error. */
  update(nowUs: number, filledBytes: number): void {
    if (this.#seq < 0) throw new RangeError("no frame was started");
    if (!(filledBytes >= this.#filledBytes && filledBytes <= this.#totalBytes)) {
      throw new RangeError(
        `${filledBytes} bytes filled, after ${this.#filledBytes} of ${this.#totalBytes}`,
      );
    }
    this.#filledBytes = filledBytes;
    this.tick(nowUs);
  }

  /** Sends what is due by now. */
  tick(nowUs: number): void {
    const grown = this.#filledBytes - this.#sentBytes;
    if (!this.#announced || grown <= 0 || !this.#isDue(nowUs, grown)) return;
    this.#sentBytes = this.#filledBytes;
    this.#sentUs = nowUs;
    this.#emit(FrameProgressState.PROGRESS);
  }

  /** Ends the frame, once it is committed. */
  complete(): void {
    if (this.#seq < 0) throw new RangeError("no frame was started");
    this.#filledBytes = this.#totalBytes;
    if (this.#announced) this.#emit(FrameProgressState.COMPLETE);
    this.abandon();
  }

  /** Forgets the frame, which will not be. */
  abandon(): void {
    this.#seq = -1;
    this.#announced = false;
  }

  #isDue(nowUs: number, grown: number): boolean {
    const { intervalUs, bytesDelta, majorUnits } = this.#options.policy.limits;
    const inTime = nowUs - this.#sentUs >= intervalUs;
    const unitBytes = majorUnits * this.#unitBytes;
    const enough = grown >= bytesDelta || (unitBytes > 0 && grown >= unitBytes);
    return this.#options.throttle === "strict" ? inTime && enough : inTime || enough;
  }

  #emit(state: FrameProgressState): void {
    this.#options.emit({ seq: this.#seq, filledBytes: this.#filledBytes, state });
  }
}
