/** What a look at the clock found about the path. */
export type PathVerdict =
  | "fine"
  /** Nothing is heard on any stream: ask on all that wait for something. */
  | "ask"
  /** Nobody answered. */
  | "silent"
  /** The path came back a while ago: a stream that is still unheard waits for its own retransmission. */
  | "replace";

/** What is known of the path. */
export type PathState = "answering" | "silent" | "back";

type Phase =
  | { readonly kind: "answering" }
  | { readonly kind: "asked"; readonly atUs: number }
  | { readonly kind: "silent" }
  | { readonly kind: "back"; readonly atUs: number };

// A receiver acknowledges after 20 ms at latest (spec/dwcp.md B6), and a congested path answers within a few round trips.
const LEAST_SILENCE_US = 500_000;
const SILENCE_RTTS = 4;
const LEAST_ANSWER_US = 250_000;
const ANSWER_RTTS = 2;
const LEAST_GRACE_US = 20_000;

/**
 * Watches whether anything comes through at all, over all streams of a session together.
 *
 * A connection that lost everything for a while tries again after twice, four, eight times its patience: when the path comes
 * back after three seconds, it may sit still for three more. A fresh connection knows at once.
 *
 * ```
 * answering ─nothing heard─▶ asked ─no answer─▶ silent ─anything heard─▶ back ─a round trip─▶ answering
 *              asked ─anything heard─▶ answering
 * ```
 *
 * @see spec/dwcp.md B9
 */
export class PathWatch {
  #phase: Phase = { kind: "answering" };
  #heardUs = Number.NEGATIVE_INFINITY;

  /** What is known now: `silent` when nothing comes through, `back` while all that comes after a silence is awaited. */
  get state(): PathState {
    const { kind } = this.#phase;
    return kind === "asked" ? "answering" : kind;
  }

  /** Whether a stream that was last heard at `heardUs` may be given units: not while they would only lie in its kernel. */
  admits(heardUs: number): boolean {
    const phase = this.#phase;
    return phase.kind === "back" ? heardUs >= phase.atUs : phase.kind !== "silent";
  }

  /** Anything arrived, on whatever stream. */
  hear(nowUs: number): void {
    this.#heardUs = nowUs;
    const { kind } = this.#phase;
    if (kind === "asked") this.#phase = { kind: "answering" };
    else if (kind === "silent") this.#phase = { kind: "back", atUs: nowUs };
  }

  /** How long a stream has been silent at least that is replaced, in µs. */
  static silenceUs(rttUs: number): number {
    return Math.max(LEAST_SILENCE_US, SILENCE_RTTS * rttUs);
  }

  /**
   * When {@link PathWatch.look} can find something.
   *
   * @param awaitedUs Since when the stream that waits the longest for an answer has waited; Infinity where none does.
   * @param rttUs The smoothed round trip; 0 before the first, which judges nothing.
   */
  nextLookUs(awaitedUs: number, rttUs: number): number {
    const phase = this.#phase;
    switch (phase.kind) {
      case "answering":
        if (rttUs === 0) return Number.POSITIVE_INFINITY;
        return Math.max(this.#heardUs, awaitedUs) + PathWatch.silenceUs(rttUs);
      case "asked":
        return phase.atUs + Math.max(LEAST_ANSWER_US, ANSWER_RTTS * rttUs);
      case "silent":
        return Number.POSITIVE_INFINITY;
      case "back":
        return phase.atUs + Math.max(LEAST_GRACE_US, rttUs);
    }
  }

  /** Looks at the clock; the arguments are those of {@link PathWatch.nextLookUs}. */
  look(nowUs: number, awaitedUs: number, rttUs: number): PathVerdict {
    if (nowUs < this.nextLookUs(awaitedUs, rttUs)) return "fine";
    switch (this.#phase.kind) {
      case "answering":
        this.#phase = { kind: "asked", atUs: nowUs };
        return "ask";
      case "asked": {
        // What was awaited may have been given up meanwhile.
        const isOver = awaitedUs === Number.POSITIVE_INFINITY;
        this.#phase = { kind: isOver ? "answering" : "silent" };
        return isOver ? "fine" : "silent";
      }
      case "back":
        this.#phase = { kind: "answering" };
        return "replace";
      case "silent":
        return "fine";
    }
  }
}
