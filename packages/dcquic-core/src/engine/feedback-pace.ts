import type { RttEstimator } from "../cc/rtt.js";
import type { PeerWorker } from "./peer-worker.js";

const FEEDBACK_PACKETS = 8;
const SHARE_OF_ROUND = 4;

/**
 * When a path says FEEDBACK: by itself a quarter of a round trip after something arrived that demands it, or half a tick of its
 * timers, and after eight packets at once. It rides earlier in what is sent anyway, but where only CONTROL is to be reported no
 * more often than that: no window waits for it, and calls one after the other would pay for it with each packet.
 *
 * @see spec/dcquic.md §9.11, §12
 */
export class FeedbackPace {
  readonly #rtt: RttEstimator;
  readonly #leastUs: number;
  #dueUs: number = Number.POSITIVE_INFINITY;
  #toldUs: number = Number.NEGATIVE_INFINITY;
  #isUrgent = false;

  /** Waits for parts of the round trips of `rtt`, and no less than half of `granularityUs`. */
  constructor(rtt: RttEstimator, granularityUs: number) {
    this.#rtt = rtt;
    this.#leastUs = granularityUs / 2;
  }

  /** When it goes at the latest; Infinity when nothing is owed. */
  get dueUs(): number {
    return this.#dueUs;
  }

  /** Notes so many ack-eliciting packets of `worker`, which were DATA or CONTROL. */
  owe(nowUs: number, worker: PeerWorker, isData: boolean, packets: number): void {
    worker.owed += packets;
    const isFull = worker.owed >= FEEDBACK_PACKETS;
    if (isData || isFull) this.#isUrgent = true;
    this.#dueUs = Math.min(this.#dueUs, isFull ? nowUs : nowUs + this.#delayUs);
  }

  /** Whether it joins a packet that goes now; one that asks for nothing may be the last for a while, and takes it along. */
  rides(nowUs: number, isAckEliciting: boolean): boolean {
    if (this.#dueUs === Number.POSITIVE_INFINITY) return false;
    if (this.#isUrgent || !isAckEliciting) return true;
    return nowUs >= Math.min(this.#dueUs, this.#toldUs + this.#delayUs);
  }

  /** Notes that all of it is said now. */
  told(nowUs: number): void {
    this.#toldUs = nowUs;
    this.#dueUs = Number.POSITIVE_INFINITY;
    this.#isUrgent = false;
  }

  get #delayUs(): number {
    return Math.max(this.#rtt.srttUs / SHARE_OF_ROUND, this.#leastUs);
  }
}
