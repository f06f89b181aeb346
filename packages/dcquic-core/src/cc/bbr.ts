import { WIDE_ZERO } from "../wire/wide-zero.js";

/** What one FEEDBACK says about a path, as differences to the one before. spec/dcquic.md §12 */
export interface RateSample {
  /** When it arrived. */
  readonly nowUs: number;
  /** The latest round trip. */
  readonly rttUs: number;
  /** Bytes per second that were delivered since. */
  readonly deliveryRate: number;
  /** Whether something else than this limited the sender. */
  readonly appLimited: boolean;
  /** Packets delivered. */
  readonly deliveredPackets: number;
  /** Packets that were found lost. */
  readonly lostPackets: number;
  /** Packets that carry a congestion mark. */
  readonly markedPackets: number;
  /** Bytes in flight now. */
  readonly inflightBytes: number;
  /** Whether a round trip passed since the last one began. */
  readonly roundEnded: boolean;
}

/** What BBR does at the moment. */
export type BbrPhase = "startup" | "drain" | "down" | "cruise" | "refill" | "up" | "probeRtt";

const STARTUP_GAIN = 2.77;
const DRAIN_GAIN = 0.5;
const CWND_GAIN = 2;
const PACING_GAINS = { down: 0.9, cruise: 1, refill: 1, up: 1.25 } as const;
const FULL_PIPE_GROWTH = 1.25;
const FULL_PIPE_ROUNDS = 3;
const STARTUP_LOSS_EVENTS = 8;
const STARTUP_ECN_ROUNDS = 2;
const MIN_RTT_WINDOW_US = 10_000_000;
const PROBE_RTT_EVERY_US = 5_000_000;
const PROBE_RTT_US = 200_000;
const PROBE_RTT_SHARE = 0.5;
const LOSS_THRESHOLD = 0.02;
const BETA = 0.7;
const HEADROOM = 0.15;
const ECN_GAIN = 1 / 16;
const ECN_THRESHOLD = 0.5;
const ECN_FACTOR = 0.33;
const MIN_WINDOW_PACKETS = 4;
const INITIAL_WINDOW_PACKETS = 10;
const PACING_MARGIN = 0.99;
const CRUISE_ROUNDS = 8;
// What is handed to a kernel at once: one message (§16.1), or on a fast path as many as it carries while an event loop turns once.
// With less than that under way the loop turns more often, which costs more than what it carries in a turn.
const MESSAGE_BYTES = 65_507;
const TURN_SECONDS = 50e-6;
// One quantum is at the sender, one on the way, one at the receiver.
const QUANTA_UNDER_WAY = 3;

/**
 * Estimates the bandwidth and the round trip of a path and paces by them (BBRv2 family).
 *
 * ```
 * startup ─pipe full─▶ drain ─queue empty─▶ down ─▶ cruise ─▶ refill ─▶ up ─▶ down …
 * any ─min RTT unproven for 5 s─▶ probeRtt ─200 ms─▶ the one before, or startup
 * ```
 *
 * @see spec/dcquic.md §12
 */
export class Bbr {
  readonly #packetBytes: number;
  readonly #slackSeconds: number;
  #phase: BbrPhase = "startup";
  #minRttUs = Number.POSITIVE_INFINITY;
  #minRttAtUs = Number.NEGATIVE_INFINITY;
  #probedRttUs = Number.NEGATIVE_INFINITY;
  #probeRttUntilUs = WIDE_ZERO;
  // The best of the last two probing cycles.
  #bandwidth: [number, number] = [0, 0];
  // Whether this was the limit at some time of the present cycle.
  #cycleLimited = false;
  #fullBandwidth = WIDE_ZERO;
  #fullRounds = 0;
  #lossEvents = 0;
  #ecnRounds = 0;
  #ecnAlpha = WIDE_ZERO;
  #inflightCap = Number.POSITIVE_INFINITY;
  #roundsInPhase = 0;
  #roundDelivered = 0;
  #roundLost = 0;
  #roundMarked = 0;

  /**
   * `packetBytes` is the largest datagram of the path. `slackUs` is how late a driver's timer may be: what falls due
   * meanwhile is sent, and answered, at once.
   */
  constructor(packetBytes: number, slackUs = 0) {
    this.#packetBytes = packetBytes;
    this.#slackSeconds = slackUs / 1e6;
  }

  /** What it does now. */
  get phase(): BbrPhase {
    return this.#phase;
  }

  /** Estimated bandwidth in bytes per second; 0 before the first sample. */
  get bandwidth(): number {
    return Math.max(this.#bandwidth[0], this.#bandwidth[1]);
  }

  /** The shortest round trip of the last 10 s; Infinity before the first sample. */
  get minRttUs(): number {
    return this.#minRttUs;
  }

  /** Bytes per second that may be sent; Infinity before the first sample, when only the window counts. */
  get pacingRate(): number {
    const { bandwidth } = this;
    if (bandwidth === 0) return Number.POSITIVE_INFINITY;
    // An estimate from a trickle must not become a reason to trickle.
    const packets = this.#phase === "startup" ? INITIAL_WINDOW_PACKETS : MIN_WINDOW_PACKETS;
    const least = ((packets * this.#packetBytes) / this.#minRttUs) * 1e6;
    return Math.max(least, bandwidth) * this.#pacingGain() * PACING_MARGIN;
  }

  /** Bytes that may be in flight. */
  get windowBytes(): number {
    const least = MIN_WINDOW_PACKETS * this.#packetBytes;
    if (this.bandwidth === 0) return INITIAL_WINDOW_PACKETS * this.#packetBytes;
    const bdp = (this.bandwidth * this.#minRttUs) / 1e6;
    if (this.#phase === "probeRtt") {
      // Less than what falls due in a turn would have an event loop turn for nothing else than to wait for it.
      const turn = Math.min(this.#slackSeconds, TURN_SECONDS) * this.bandwidth;
      return Math.max(least, PROBE_RTT_SHARE * bdp + turn);
    }
    const gain = this.#phase === "startup" ? STARTUP_GAIN : CWND_GAIN;
    // Batches take longer to be sent and answered than a round trip of one packet, which is what short paths are measured by.
    const quantum = Math.min(
      this.#slackSeconds * this.bandwidth,
      Math.max(MESSAGE_BYTES, TURN_SECONDS * this.bandwidth),
    );
    const batches = Math.max(
      QUANTA_UNDER_WAY * quantum,
      INITIAL_WINDOW_PACKETS * this.#packetBytes,
    );
    const window = gain * bdp + batches;
    const cap = this.#phase === "cruise" ? this.#inflightCap * (1 - HEADROOM) : this.#inflightCap;
    return Math.max(least, Math.min(window, cap));
  }

  /** Learns from a FEEDBACK. */
  sample(sample: RateSample): void {
    this.#noteRtt(sample);
    const current = this.#bandwidth[1];
    if (!sample.appLimited || sample.deliveryRate > current) {
      this.#bandwidth[1] = Math.max(current, sample.deliveryRate);
    }
    if (!sample.appLimited) this.#cycleLimited = true;
    this.#roundDelivered += sample.deliveredPackets;
    this.#roundLost += sample.lostPackets;
    this.#roundMarked += sample.markedPackets;
    if (sample.lostPackets > 0) this.#lossEvents += 1;
    if (sample.roundEnded) this.#endRound(sample);
    this.#leaveDrain(sample);
    this.#turnToProbeRtt(sample);
  }

  /** Halves what is thought possible, because the peer is degraded or the path changed. */
  restart(): void {
    this.#phase = "startup";
    this.#bandwidth = [0, this.bandwidth / 2];
    this.#fullBandwidth = 0;
    this.#fullRounds = 0;
    this.#inflightCap = Number.POSITIVE_INFINITY;
  }

  #pacingGain(): number {
    switch (this.#phase) {
      case "startup":
        return STARTUP_GAIN;
      case "drain":
        return DRAIN_GAIN;
      case "probeRtt":
        return 1;
      default:
        return PACING_GAINS[this.#phase];
    }
  }

  #noteRtt({ nowUs, rttUs }: RateSample): void {
    if (rttUs > this.#minRttUs && nowUs - this.#minRttAtUs < MIN_RTT_WINDOW_US) return;
    if (rttUs <= this.#minRttUs) this.#probedRttUs = nowUs;
    this.#minRttUs = rttUs;
    this.#minRttAtUs = nowUs;
  }

  #endRound(sample: RateSample): void {
    this.#roundsInPhase += 1;
    const packets = this.#roundDelivered + this.#roundLost;
    const marked = packets === 0 ? 0 : this.#roundMarked / packets;
    this.#ecnAlpha += ECN_GAIN * (marked - this.#ecnAlpha);
    const lossy = this.#roundLost > LOSS_THRESHOLD * packets;
    if (marked > ECN_THRESHOLD) this.#ecnRounds += 1;
    else this.#ecnRounds = 0;
    if (this.#phase === "startup") this.#checkFullPipe(sample, lossy);
    else if (lossy) this.#reduce(BETA, sample);
    else if (marked > ECN_THRESHOLD) this.#reduce(1 - ECN_FACTOR * this.#ecnAlpha, sample);
    else this.#walk();
    this.#roundDelivered = 0;
    this.#roundLost = 0;
    this.#roundMarked = 0;
  }

  #checkFullPipe(sample: RateSample, lossy: boolean): void {
    const tooLossy = lossy && this.#lossEvents >= STARTUP_LOSS_EVENTS;
    if (this.bandwidth >= FULL_PIPE_GROWTH * this.#fullBandwidth) {
      this.#fullBandwidth = this.bandwidth;
      this.#fullRounds = 0;
    } else if (!sample.appLimited) this.#fullRounds += 1;
    if (this.#fullRounds < FULL_PIPE_ROUNDS && !tooLossy && this.#ecnRounds < STARTUP_ECN_ROUNDS) {
      return;
    }
    if (tooLossy) this.#reduce(BETA, sample);
    this.#enter("drain");
  }

  #reduce(factor: number, sample: RateSample): void {
    const bdp = (this.bandwidth * this.#minRttUs) / 1e6;
    const basis = Math.min(this.#inflightCap, Math.max(sample.inflightBytes, bdp));
    this.#inflightCap = Math.max(basis * factor, bdp, MIN_WINDOW_PACKETS * this.#packetBytes);
    if (this.#phase === "up" || this.#phase === "refill") this.#enter("down");
  }

  // One step of the probing cycle, at the end of a clean round.
  #walk(): void {
    switch (this.#phase) {
      case "down":
        this.#enter("cruise");
        break;
      case "cruise":
        if (this.#roundsInPhase >= CRUISE_ROUNDS) this.#enter("refill");
        break;
      case "refill":
        this.#enter("up");
        break;
      case "up":
        this.#inflightCap *= 1 / BETA;
        // A cycle in which something else limited the sender says nothing against the old estimate.
        if (this.#cycleLimited) this.#bandwidth = [this.#bandwidth[1], 0];
        this.#cycleLimited = false;
        this.#enter("down");
        break;
      case "startup":
      case "drain":
      case "probeRtt":
        break;
    }
  }

  #leaveDrain({ inflightBytes }: RateSample): void {
    const bdp = (this.bandwidth * this.#minRttUs) / 1e6;
    const least = MIN_WINDOW_PACKETS * this.#packetBytes;
    if (this.#phase === "drain" && inflightBytes <= Math.max(bdp, least)) this.#enter("down");
  }

  #turnToProbeRtt({ nowUs }: RateSample): void {
    if (this.#phase === "probeRtt") {
      if (nowUs < this.#probeRttUntilUs) return;
      this.#probedRttUs = nowUs;
      this.#enter(this.#fullRounds >= FULL_PIPE_ROUNDS ? "down" : "startup");
      return;
    }
    if (nowUs - this.#probedRttUs < PROBE_RTT_EVERY_US) return;
    this.#probeRttUntilUs = nowUs + PROBE_RTT_US;
    this.#enter("probeRtt");
  }

  #enter(phase: BbrPhase): void {
    this.#phase = phase;
    this.#roundsInPhase = 0;
  }
}
