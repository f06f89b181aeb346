import type { MonotonicClock } from "./monotonic-clock.js";

// Constants of §9.3; sizes in bytes.
const INITIAL_WINDOW = 256 * 1024;
const MIN_WINDOW = 64 * 1024;
const MAX_WINDOW = 1024 * 1024 * 1024;
const STARTUP_GROWTH = 2;
const STEADY_GROWTH = 1.25;
const DECAY = 0.9;
const STARTUP_ROUNDS = 3;

/** What is remembered of a chunk until it is acknowledged. */
export interface SentChunk {
  readonly size: number;
  readonly sentAt: number;
  readonly delivered: number;
  readonly lastAckAt: number | undefined;
  readonly window: number;
  readonly full: boolean;
}

/**
 * How much of one stream may be under way: as much as its bandwidth and its shortest round trip
 * say, found by doubling first and by careful steps later. spec/capnweb.md §9.3
 */
export class FlowWindow {
  readonly #now: MonotonicClock;
  #window = INITIAL_WINDOW;
  #inFlight = 0;
  #delivered = 0;
  #minRtt = Infinity;
  #lastAckAt: number | undefined;
  #startingUp = true;
  #roundStart = 0;
  #roundBandwidth = 0;
  #flatRounds = 0;
  #bandwidth = 0;
  #base = { at: 0, delivered: 0 };

  /** `now` measures milliseconds. */
  constructor(now: MonotonicClock) {
    this.#now = now;
    this.#roundStart = now();
  }

  /** Bytes that may be under way. */
  get window(): number {
    return this.#window;
  }

  /** Whether another chunk has to wait for an acknowledgement. */
  get full(): boolean {
    return this.#inFlight >= this.#window;
  }

  /** Counts a chunk of `size` bytes that has been sent. */
  sent(size: number): SentChunk {
    this.#inFlight += size;
    return {
      size,
      sentAt: this.#now(),
      delivered: this.#delivered,
      lastAckAt: this.#lastAckAt,
      window: this.#window,
      full: this.full,
    };
  }

  /** Forgets a chunk whose write failed. */
  failed({ size }: SentChunk): void {
    this.#inFlight -= size;
  }

  /** Learns from an acknowledgement. */
  acknowledged(chunk: SentChunk): void {
    const now = this.#now();
    this.#inFlight -= chunk.size;
    this.#delivered += chunk.size;
    this.#minRtt = Math.min(this.#minRtt, now - chunk.sentAt);
    const firstAckAt = this.#lastAckAt;
    this.#lastAckAt = now;
    if (firstAckAt === undefined) {
      this.#base = { at: now, delivered: this.#delivered };
      return;
    }
    const since =
      chunk.lastAckAt === undefined
        ? this.#base
        : { at: chunk.lastAckAt, delivered: chunk.delivered };
    const bandwidth = (this.#delivered - since.delivered) / (now - since.at);
    this.#adjust(chunk, bandwidth);
    this.#endRound(chunk, now);
  }

  #adjust(chunk: SentChunk, bandwidth: number): void {
    const growth = this.#startingUp ? STARTUP_GROWTH : STEADY_GROWTH;
    const target = bandwidth * this.#minRtt * growth;
    // A clock that stands still, or goes too coarsely, tells nothing new.
    if (!Number.isFinite(bandwidth) || !Number.isFinite(target) || bandwidth <= 0 || target <= 0) {
      return;
    }
    this.#bandwidth = Math.max(this.#bandwidth, bandwidth);
    const floor = chunk.full ? chunk.window * DECAY : this.#window;
    const bounded = Math.max(Math.min(target, chunk.window * growth), floor);
    this.#window = Math.min(Math.max(bounded, MIN_WINDOW), MAX_WINDOW);
  }

  /** A round ends with the first acknowledgement of a chunk sent after the round began. */
  #endRound(chunk: SentChunk, now: number): void {
    if (!this.#startingUp || chunk.sentAt < this.#roundStart) return;
    const grew = this.#bandwidth >= this.#roundBandwidth * STEADY_GROWTH;
    this.#flatRounds = grew ? 0 : this.#flatRounds + 1;
    if (this.#flatRounds >= STARTUP_ROUNDS) this.#startingUp = false;
    this.#roundBandwidth = Math.max(this.#roundBandwidth, this.#bandwidth);
    this.#bandwidth = 0;
    this.#roundStart = now;
  }
}
