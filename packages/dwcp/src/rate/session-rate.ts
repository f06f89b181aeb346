/** What the controller does at the moment. */
export type RatePhase = "startup" | "drain" | "probeBandwidth" | "probeRtt";

/** What an acknowledgement says, with what is in flight after it. */
export interface SessionSample {
  readonly nowUs: number;
  /** Now − echo − hold. */
  readonly rttUs: number;
  /** Bytes per second; 0 tells nothing. */
  readonly deliveryRate: number;
  readonly appLimited: boolean;
  readonly roundEnded: boolean;
  /** Whether the unit was the only one in flight when it was sent. */
  readonly alone: boolean;
  readonly inflightBytes: number;
}

const STARTUP_GAIN = 2.885;
const DRAIN_GAIN = 0.35;
// Twice as much arrives in each round trip of start-up; more than that in flight only waits in a queue.
const STARTUP_INFLIGHT_GAIN = 2.2;
// What is measured of a path with a full queue is up to a third more than it holds.
const INFLIGHT_GAIN = 1.7;
const PROBE_GAINS = [1.25, 0.75, 1, 1, 1, 1, 1, 1] as const;
const FULL_PIPE_GROWTH = 1.25;
const FULL_PIPE_ROUNDS = 3;
const LONG_QUEUE = 1.5;
const FOUND_MORE = 1.15;
const BANDWIDTH_ROUNDS = 10;
const MIN_RTT_WINDOW_US = 10_000_000;
const PROBE_RTT_US = 200_000;
const LEAST_UNITS = 4;
// Per stream, so that a window that doubles with each round trip finds something to send.
const STARTUP_UNITS = 4;
// Of units that are cut longer: four of them on each stream overfill a path before anything is known of it.
const STARTUP_LONG_UNITS = 2;
const LONGEST_DRAIN_ROUNDS = 3;
// An acknowledgement may wait so long (spec/dwcp.md B6), and both processes for their turn: on a shorter path, this is the path.
const LEAST_ROUND_US = 20_000;

/**
 * Bounds what a session hands to its streams, by what arrives at the other end.
 *
 * The kernel's congestion control stays in charge of each connection; this keeps their buffers from filling.
 *
 * ```
 * startup ─pipe full─▶ drain ─inflight ≤ BDP─▶ probeBandwidth ─min RTT 10 s old─▶ probeRtt ─200 ms or 1 RTT─▶ the one before
 * ```
 *
 * @see spec/dwcp.md B13
 */
export class SessionRate {
  #phase: RatePhase = "startup";
  #minRttUs = Number.POSITIVE_INFINITY;
  #minRttAtUs = Number.NEGATIVE_INFINITY;
  #smoothedRttUs = 0;
  #expectedRttUs = 0;
  readonly #bandwidths: number[] = Array.from({ length: BANDWIDTH_ROUNDS }, () => 0);
  #round = 0;
  #roundSinceUs = Number.NEGATIVE_INFINITY;
  #lowestInRoundUs = Number.POSITIVE_INFINITY;
  #fullBandwidth = 0;
  #fullRounds = 0;
  #drainRounds = 0;
  #gain = 0;
  #gainSinceUs = 0;
  #probedBandwidth = 0;
  #probeUntilUs = 0;
  #lowestInProbeUs = Number.POSITIVE_INFINITY;
  readonly #startGain: number;

  /** `chance` in [0, 1) chooses where in the cycle of gains probing begins; not at the one that drains. */
  constructor(chance: number) {
    const choices = PROBE_GAINS.length - 1;
    this.#startGain = (2 + Math.floor(chance * choices)) % PROBE_GAINS.length;
  }

  /** What it does now. */
  get phase(): RatePhase {
    return this.#phase;
  }

  /** Bytes per second, the best of ten round trips; 0 before the first sample. */
  get bandwidth(): number {
    return Math.max(...this.#bandwidths);
  }

  /** The shortest round trip of ten seconds, in µs; Infinity before the first. */
  get minRttUs(): number {
    return this.#minRttUs;
  }

  /** The round trip to reckon with, in µs: the shortest, and what both processes take; Infinity before the first. */
  get roundUs(): number {
    return Math.max(LEAST_ROUND_US, this.#minRttUs);
  }

  /** A moving average of round trips, in µs; 0 before the first. */
  get smoothedRttUs(): number {
    return this.#smoothedRttUs;
  }

  /** The moving average or, before the first round trip, what {@link SessionRate.expectRtt} was told; 0 where nothing is known. */
  get likelyRttUs(): number {
    return this.#smoothedRttUs === 0 ? this.#expectedRttUs : this.#smoothedRttUs;
  }

  /** How long the word that a unit arrived may take where nothing is wrong, in µs: the likely round trip, and what both processes take. */
  get answerUs(): number {
    return Math.max(LEAST_ROUND_US, this.likelyRttUs);
  }

  /** Bytes per second that may be handed to the streams; Infinity before the first sample. */
  get pacingRate(): number {
    const { bandwidth } = this;
    return bandwidth === 0 ? Number.POSITIVE_INFINITY : bandwidth * this.#pacingGain();
  }

  /** Encoded bytes that may be in flight, with units that should have `unitBytes` and may have `longestBytes`, on `streams` streams. */
  inflightCap(unitBytes: number, streams: number, longestBytes: number = unitBytes): number {
    const longest = Math.max(unitBytes, longestBytes);
    const least = LEAST_UNITS * longest;
    if (this.#phase === "probeRtt") return least;
    if (this.#phase !== "startup") {
      return Math.max(least + streams * longest, INFLIGHT_GAIN * this.#bdp(this.#usualBandwidth()));
    }
    const floor = Math.max(
      least + STARTUP_LONG_UNITS * streams * longest,
      this.freshBytes(unitBytes, streams),
    );
    return Math.max(floor, STARTUP_INFLIGHT_GAIN * this.#bdp());
  }

  /**
   * Encoded bytes that fresh connections need in flight to widen their windows: one that waits for acknowledgements of its only unit does
   * not. 0 after start-up.
   */
  freshBytes(unitBytes: number, streams: number): number {
    if (this.#phase !== "startup") return 0;
    return (LEAST_UNITS + STARTUP_UNITS * streams) * unitBytes;
  }

  /** An opening was answered after `rttUs`. Only the shortest counts: the others waited for something besides the path. */
  expectRtt(rttUs: number): void {
    if (!(rttUs > 0)) return;
    this.#expectedRttUs = Math.min(this.#expectedRttUs || Number.POSITIVE_INFINITY, rttUs);
  }

  /** Learns from an acknowledgement. */
  sample(heard: SessionSample): void {
    const sample = { ...heard, roundEnded: this.#endsRound(heard) };
    this.#noteRtt(sample);
    this.#noteBandwidth(sample);
    const lowestUs = this.#lowestInRoundUs;
    if (sample.roundEnded) this.#lowestInRoundUs = Number.POSITIVE_INFINITY;
    switch (this.#phase) {
      case "startup":
        if (sample.roundEnded && !sample.appLimited) this.#checkFullPipe(lowestUs);
        break;
      case "drain":
        this.#leaveDrain(sample);
        break;
      case "probeBandwidth":
        this.#walk(sample);
        break;
      case "probeRtt":
        this.#leaveProbeRtt(sample.nowUs);
        break;
    }
    if (this.#isStale(sample.nowUs) && this.#phase === "probeBandwidth") {
      this.#probeRtt(sample.nowUs);
    }
  }

  /** Forgets what was learned, after the path was gone for a while. */
  restart(): void {
    this.#phase = "startup";
    this.#bandwidths.fill(0);
    this.#fullBandwidth = 0;
    this.#fullRounds = 0;
    this.#minRttUs = Number.POSITIVE_INFINITY;
    this.#minRttAtUs = Number.NEGATIVE_INFINITY;
    this.#lowestInRoundUs = Number.POSITIVE_INFINITY;
  }

  #bdp(bandwidth: number = this.bandwidth): number {
    return bandwidth === 0 ? 0 : (bandwidth * this.roundUs) / 1e6;
  }

  // The second best of ten round trips: one in which streams let go of what they had held back shows no faster path.
  #usualBandwidth(): number {
    let [best, second] = [0, 0];
    for (const each of this.#bandwidths) {
      if (each > best) [best, second] = [each, best];
      else if (each > second) second = each;
    }
    return second;
  }

  #pacingGain(): number {
    switch (this.#phase) {
      case "startup":
        return STARTUP_GAIN;
      case "drain":
        return DRAIN_GAIN;
      case "probeBandwidth":
        return PROBE_GAINS[this.#gain] ?? 1;
      case "probeRtt":
        return 1;
    }
  }

  #isStale(nowUs: number): boolean {
    return nowUs - this.#minRttAtUs > MIN_RTT_WINDOW_US;
  }

  #noteRtt({ nowUs, rttUs, alone }: SessionSample): void {
    if (!(rttUs > 0)) return;
    this.#smoothedRttUs =
      this.#smoothedRttUs === 0 ? rttUs : this.#smoothedRttUs + (rttUs - this.#smoothedRttUs) / 8;
    this.#lowestInProbeUs = Math.min(this.#lowestInProbeUs, rttUs);
    this.#lowestInRoundUs = Math.min(this.#lowestInRoundUs, rttUs);
    // What was sent after a rest shows the path without a queue: there is no need to make one rest.
    if (rttUs > this.#minRttUs && !(alone && this.#isStale(nowUs))) return;
    this.#minRttUs = rttUs;
    this.#minRttAtUs = nowUs;
  }

  #endsRound({ nowUs, roundEnded }: SessionSample): boolean {
    if (!roundEnded || nowUs - this.#roundSinceUs < LEAST_ROUND_US) return false;
    this.#roundSinceUs = nowUs;
    return true;
  }

  #noteBandwidth({ deliveryRate, appLimited, roundEnded }: SessionSample): void {
    // A flight that the application cut short says nothing against the estimate.
    if (roundEnded && !appLimited) {
      this.#round = (this.#round + 1) % BANDWIDTH_ROUNDS;
      this.#bandwidths[this.#round] = 0;
    }
    if (appLimited && deliveryRate <= this.bandwidth) return;
    this.#bandwidths[this.#round] = Math.max(this.#bandwidths[this.#round] ?? 0, deliveryRate);
  }

  // What streams hold back and let go at once looks like a faster path, where in truth the queue is long. A queue delays everything, what
  // fresh connections need several round trips for and what waits behind a loss only itself: the shortest of a round trip's times tells.
  #checkFullPipe(lowestUs: number): void {
    const isKnown = lowestUs < Number.POSITIVE_INFINITY;
    const isQueued = isKnown && lowestUs >= LONG_QUEUE * this.roundUs;
    if (!isQueued && this.bandwidth >= FULL_PIPE_GROWTH * this.#fullBandwidth) {
      this.#fullBandwidth = this.bandwidth;
      this.#fullRounds = 0;
      return;
    }
    this.#fullRounds += 1;
    if (this.#fullRounds < FULL_PIPE_ROUNDS) return;
    this.#phase = "drain";
    this.#drainRounds = 0;
  }

  // What a lossy stream holds in its kernel does not drain: to wait for it would starve the others, and the estimate.
  #leaveDrain({ nowUs, roundEnded, inflightBytes }: SessionSample): void {
    if (roundEnded) this.#drainRounds += 1;
    if (inflightBytes <= this.#bdp() || this.#drainRounds >= LONGEST_DRAIN_ROUNDS) {
      this.#probeBandwidth(nowUs);
    }
  }

  #probeBandwidth(nowUs: number): void {
    this.#phase = "probeBandwidth";
    this.#gain = this.#startGain;
    this.#probedBandwidth = this.bandwidth;
    this.#gainSinceUs = nowUs;
  }

  #walk({ nowUs, inflightBytes }: SessionSample): void {
    const longEnough = nowUs - this.#gainSinceUs >= this.roundUs;
    // The queue that probing made may be gone before its time is over.
    const drained = PROBE_GAINS[this.#gain] === 0.75 && inflightBytes <= this.#bdp();
    if (!longEnough && !drained) return;
    this.#gain = (this.#gain + 1) % PROBE_GAINS.length;
    // What the probe found is no reason to rest: a path that came back is taken again within a few round trips.
    const grew = this.bandwidth >= FOUND_MORE * this.#probedBandwidth;
    if (grew && PROBE_GAINS[this.#gain] === 1) this.#gain = 0;
    if (this.#gain === 0) this.#probedBandwidth = this.bandwidth;
    this.#gainSinceUs = nowUs;
  }

  #probeRtt(nowUs: number): void {
    this.#phase = "probeRtt";
    this.#lowestInProbeUs = Number.POSITIVE_INFINITY;
    this.#probeUntilUs = nowUs + Math.max(PROBE_RTT_US, this.#smoothedRttUs);
  }

  #leaveProbeRtt(nowUs: number): void {
    if (nowUs < this.#probeUntilUs) return;
    if (this.#lowestInProbeUs < Number.POSITIVE_INFINITY) this.#minRttUs = this.#lowestInProbeUs;
    this.#minRttAtUs = nowUs;
    this.#probeBandwidth(nowUs);
  }
}
