import { WIDE_ZERO } from "../wire/wide-zero.js";
import type { AwakeTime } from "./awake-time.js";

/** Where a peer stands. spec/dcquic.md §14 */
export type PeerState = "healthy" | "degraded" | "probing" | "failed";

/** What an ICMP message said about a peer. */
export type IcmpKind = "unreachable" | "sourceQuench";

/** How an ICMP message is weighed. */
export type IcmpTrust = "verify" | "immediate" | "elsewhere";

const GAIN = 1 / 16;
const BAD = 0.3;
const GOOD = 0.05;
const TRUSTED_SAMPLES = 20;
const SAMPLE_WINDOW_US = 10_000_000;
const DEGRADED_PATIENCE_US = 5_000_000;
const PROBING_PATIENCE_US = 3_000_000;
const PROBES_TO_FAIL = 6;
const PROBES_TO_DOUBT = 3;
const ANSWERS_TO_LEAVE_PROBING = 3;
const VERIFICATION_ANSWERS = 5;
const VERIFICATION_US = 1_000_000;
const DWELL_US = 1_000_000;
// Three consecutive PTOs, each twice as long as the one before.
const PTOS_TO_PROBING = 1 + 2 + 4;
const FAILED_PROBE_US = 1_000_000;
const PROBING_MIN_US = 100_000;
const ICMP_SILENCE_US = 10_000;
const JITTER = 0.2;

/**
 * What is thought of a peer, from what its transfers and probes met.
 *
 * ```
 * healthy ─failures─▶ degraded ─still failing─▶ probing ─silence─▶ failed
 *    ▲────few failures────┘ ▲────3 answers────────┘ ▲────1 answer─────┘
 * ```
 *
 * @see spec/dcquic.md §14
 */
export class PeerHealth {
  #state: PeerState = "healthy";
  #sinceUs: number;
  #enteredUs: number;
  #ewma = WIDE_ZERO;
  #samples = 0;
  #samplesSinceUs: number;
  #answers = 0;
  #firstAnswerUs = WIDE_ZERO;
  #lastAnswerUs = WIDE_ZERO;
  #unanswered = 0;
  #heardUs: number;
  #sleptAtHeardUs: number;
  #askedUs = Number.POSITIVE_INFINITY;
  #verifying = false;
  readonly #awake: AwakeTime;
  readonly #changed: ((before: PeerState) => void) | undefined;

  /**
   * Healthy until something else is seen. Patience is measured in `awake` time. Whatever causes it, each change is told to
   * `changed`, with the state before.
   */
  constructor(nowUs: number, awake: AwakeTime, changed?: (before: PeerState) => void) {
    this.#awake = awake;
    this.#changed = changed;
    this.#sinceUs = this.#awakeUs(nowUs);
    this.#enteredUs = nowUs;
    this.#samplesSinceUs = nowUs;
    this.#heardUs = nowUs;
    this.#sleptAtHeardUs = awake.sleptUs;
  }

  /** The present state. */
  get state(): PeerState {
    return this.#state;
  }

  /** When anything authentic was last received. */
  get heardUs(): number {
    return this.#heardUs;
  }

  /** For how long nothing authentic was received, not counting the time in which nothing could be. */
  silentUs(nowUs: number): number {
    return nowUs - this.#heardUs - (this.#awake.sleptUs - this.#sleptAtHeardUs);
  }

  /** For how long it answered no PROBE in its present state, not counting the time in which nothing could be received. */
  unansweredUs(nowUs: number): number {
    return this.#awakeUs(nowUs) - Math.max(this.#sinceUs, this.#lastAnswerUs);
  }

  /** For how long it answered nothing that demands an answer, not counting the time in which nothing could be received. */
  ignoredUs(nowUs: number): number {
    return Math.max(0, this.#awakeUs(nowUs) - this.#askedUs);
  }

  /**
   * Whether it may be heard and yet hear nothing: neither three PROBEs were answered nor anything else since they went, for three
   * times as long as `idleUs`, after which a peer that is not heard is probed.
   */
  isDeaf(nowUs: number, idleUs: number): boolean {
    return this.#unanswered >= PROBES_TO_DOUBT && this.ignoredUs(nowUs) >= PROBES_TO_DOUBT * idleUs;
  }

  /** Takes the outcome of a transfer's phase: 0 for success, 1 for a timeout or failure of the peer. */
  sample(nowUs: number, outcome: 0 | 1): void {
    if (nowUs - this.#samplesSinceUs > SAMPLE_WINDOW_US) {
      this.#samplesSinceUs = nowUs;
      this.#samples = 0;
    }
    this.#samples += 1;
    this.#ewma += GAIN * (outcome - this.#ewma);
    if (this.#samples < TRUSTED_SAMPLES) return;
    if (this.#state === "healthy" && this.#ewma > BAD) this.#enter(nowUs, "degraded");
    else if (this.#state === "degraded" && this.#ewma < GOOD && this.#dwelt(nowUs)) {
      this.#enter(nowUs, "healthy");
    }
  }

  /** Notes that an authentic packet arrived. */
  heard(nowUs: number): void {
    this.#heardUs = nowUs;
    this.#sleptAtHeardUs = this.#awake.sleptUs;
  }

  /** Begins to count silence now, because before nothing was expected of the peer. */
  watchFrom(nowUs: number): void {
    if (nowUs > this.#heardUs) this.heard(nowUs);
  }

  /** Notes that something was sent which demands an answer. */
  asked(nowUs: number): void {
    if (this.#askedUs === Number.POSITIVE_INFINITY) this.#askedUs = this.#awakeUs(nowUs);
  }

  /**
   * Notes that a packet was acknowledged, which was sent at `sentUs`. One that was sent in the present state answers as a PROBE does:
   * those before may have gone another way.
   */
  acknowledged(nowUs: number, sentUs: number): void {
    this.#askedUs = Number.POSITIVE_INFINITY;
    if (sentUs >= this.#enteredUs) this.probeAnswered(nowUs);
  }

  /** Notes a PROBE that was sent. */
  probeSent(): void {
    this.#unanswered += 1;
  }

  /** Notes the answer to a PROBE. */
  probeAnswered(nowUs: number): void {
    this.#askedUs = Number.POSITIVE_INFINITY;
    if (this.#answers === 0) this.#firstAnswerUs = nowUs;
    this.#lastAnswerUs = this.#awakeUs(nowUs);
    this.#answers += 1;
    this.#unanswered = 0;
    if (this.#state === "failed") {
      this.#enter(nowUs, "probing");
      return;
    }
    if (this.#state !== "probing" || !this.#dwelt(nowUs)) return;
    const enough = this.#verifying
      ? this.#answers >= VERIFICATION_ANSWERS && nowUs - this.#firstAnswerUs >= VERIFICATION_US
      : this.#answers >= ANSWERS_TO_LEAVE_PROBING;
    if (enough) this.#enter(nowUs, "degraded");
  }

  /**
   * Reconsiders as time passes; `ptoUs` is the path's PTO without backoff, `owedSinceUs` since when the peer owes an answer,
   * Infinity when it owes none.
   */
  tick(nowUs: number, ptoUs: number, owedSinceUs: number): void {
    const owedUs = nowUs - Math.max(this.#heardUs, owedSinceUs);
    switch (this.#state) {
      case "healthy":
      case "degraded":
        if (owedUs >= PTOS_TO_PROBING * ptoUs) this.#enter(nowUs, "probing");
        else if (
          this.#state === "degraded" &&
          this.#ewma > BAD &&
          this.#stayedUs(nowUs) >= DEGRADED_PATIENCE_US
        ) {
          this.#enter(nowUs, "probing");
        }
        break;
      case "probing":
        // Whoever is heard and answers nothing cannot be reached.
        if (this.unansweredUs(nowUs) >= PROBING_PATIENCE_US && this.#unanswered >= PROBES_TO_FAIL) {
          this.#enter(nowUs, "failed");
        }
        break;
      case "failed":
        break;
    }
  }

  /**
   * Weighs an ICMP message, which anyone could have sent: only a peer that is silent as well is believed dead. D-9
   *
   * With `elsewhere` the peer has other addresses: what is said of one of them makes it doubtful, and no more.
   */
  icmp(nowUs: number, kind: IcmpKind, srttUs: number, policy: IcmpTrust): void {
    if (kind === "sourceQuench") {
      if (policy === "immediate" && this.#state === "healthy") this.#enter(nowUs, "degraded");
      return;
    }
    const silent = this.silentUs(nowUs) >= Math.max(3 * srttUs, ICMP_SILENCE_US);
    if (policy !== "elsewhere" && (silent || policy === "immediate")) this.#enter(nowUs, "failed");
    else this.doubt(nowUs);
  }

  /** Asks of the peer whether it is still reached, because the way to it changed: one that is believed dead stays so. */
  doubt(nowUs: number): void {
    if (this.#state !== "failed") this.#enter(nowUs, "probing");
  }

  /** How long to wait before the next PROBE in this state; `uniform` in [0, 1) spreads it by ±20 %. */
  probeIntervalUs(srttUs: number, probeIdleUs: number, uniform: number): number {
    const spread = 1 + JITTER * (2 * uniform - 1);
    switch (this.#state) {
      case "probing":
        return Math.max(3 * srttUs, PROBING_MIN_US) * spread;
      case "failed":
        return FAILED_PROBE_US * spread;
      default:
        return Math.max(4 * srttUs, probeIdleUs);
    }
  }

  #awakeUs(nowUs: number): number {
    return nowUs - this.#awake.sleptUs;
  }

  #stayedUs(nowUs: number): number {
    return this.#awakeUs(nowUs) - this.#sinceUs;
  }

  #dwelt(nowUs: number): boolean {
    return this.#stayedUs(nowUs) >= DWELL_US || this.#state === "probing";
  }

  #enter(nowUs: number, state: PeerState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#sinceUs = this.#awakeUs(nowUs);
    this.#enteredUs = nowUs;
    this.#answers = 0;
    this.#unanswered = 0;
    // Whoever had failed has to answer for longer.
    this.#verifying = before === "failed";
    if (state === "degraded" || state === "probing") {
      this.#samples = 0;
      this.#samplesSinceUs = nowUs;
      if (state === "probing") this.#ewma = 0;
    }
    this.#changed?.(before);
  }
}
