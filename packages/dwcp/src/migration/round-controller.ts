/** What becomes of a migration that does not come to its end by itself. */
export type StuckPolicy = "throttle" | "stopAndCopy" | "abort";

/** How a migration should end. spec/dwcp.md B15, B16 */
export interface MigrationGoal {
  /** How long the source may stand still, in milliseconds. */
  readonly downtimeMs: number;
  /** Rounds before the policy decides. */
  readonly maxRounds: number;
  /** What becomes of it when it does not converge. */
  readonly whenStuck: StuckPolicy;
}

/** What a round that is committed came to. */
export interface RoundMeasure {
  /** Raw bytes of the pages that were dirty. */
  readonly dirtyBytes: number;
  /** Bytes of the frames that carried them. */
  readonly wireBytes: number;
  /** From the offer until the last byte had arrived, in µs. */
  readonly sendingUs: number;
  /** From then until the state was committed, in µs. */
  readonly settlingUs: number;
}

/** What comes next. */
export type RoundDecision =
  /** Another round, while the source goes on. */
  | { readonly kind: "copy" }
  /** Another round, while the source goes on at a share of its speed. */
  | { readonly kind: "throttle"; readonly share: number }
  /** The last round, while the source stands still, for about so long. */
  | { readonly kind: "stop"; readonly predictedUs: number }
  | { readonly kind: "abort"; readonly reason: string };

const STUCK_ROUNDS = 3;
const CONVERGING = 0.9;
const LEAST_SHARE = 1 / 64;

/**
 * Decides after each round of a live migration how to go on.
 *
 * ```
 * round 0 ─▶ copy ─▶ copy … ─predicted standstill ≤ goal─▶ stop
 *            copy ─does not converge, or too many rounds─▶ throttle ─▶ copy │ stop │ abort
 * ```
 *
 * A throttled migration that still has not come to its end after `maxRounds` is stopped and copied.
 *
 * @see spec/dwcp.md B15
 */
export class RoundController {
  readonly #goal: MigrationGoal;
  readonly #measures: RoundMeasure[] = [];
  #share = 1;
  #stuck = 0;

  constructor(goal: MigrationGoal) {
    this.#goal = goal;
  }

  /** A round is committed. */
  finished(measure: RoundMeasure): void {
    this.#measures.push(measure);
  }

  /** Decides on the next round, of so many dirty bytes. At least one round is finished. */
  decide(dirtyBytes: number): RoundDecision {
    const { downtimeMs, maxRounds, whenStuck } = this.#goal;
    const predictedUs = this.#predict(dirtyBytes);
    if (predictedUs <= downtimeMs * 1_000) return { kind: "stop", predictedUs };
    this.#noteProgress(dirtyBytes);
    const isLast = this.#measures.length >= maxRounds;
    if (!isLast && this.#stuck < STUCK_ROUNDS) return { kind: "copy" };
    if (whenStuck === "stopAndCopy") return { kind: "stop", predictedUs };
    if (whenStuck === "throttle") {
      if (isLast) return { kind: "stop", predictedUs };
      this.#stuck = 0;
      if (this.#share <= LEAST_SHARE) return { kind: "copy" };
      this.#share /= 2;
      return { kind: "throttle", share: this.#share };
    }
    const why = isLast ? `after ${maxRounds} rounds` : "as it does not converge";
    const expected = Math.round(predictedUs / 1_000);
    return {
      kind: "abort",
      reason: `${why}: it would stand still for ${expected} ms, ${downtimeMs} allowed`,
    };
  }

  #noteProgress(dirtyBytes: number): void {
    const before = this.#measures.at(-1)?.dirtyBytes ?? Number.POSITIVE_INFINITY;
    this.#stuck = dirtyBytes < CONVERGING * before ? 0 : this.#stuck + 1;
  }

  // The dirty bytes at the ratio of the last round that had some, at the speed of the round that brought most, and what every
  // round takes on top: looking through what did not change, and settling.
  #predict(dirtyBytes: number): number {
    const last = this.#measures.at(-1);
    const heaviest = this.#measures.reduce<RoundMeasure | undefined>(
      (most, each) => (most === undefined || each.wireBytes > most.wireBytes ? each : most),
      undefined,
    );
    if (last === undefined || heaviest === undefined) return Number.POSITIVE_INFINITY;
    const bytesPerUs = heaviest.wireBytes / Math.max(1, heaviest.sendingUs);
    const sending = (bytes: number): number => (bytesPerUs === 0 ? 0 : bytes / bytesPerUs);
    const typical = this.#measures.findLast((each) => each.dirtyBytes > 0);
    const ratio = typical === undefined ? 1 : typical.wireBytes / typical.dirtyBytes;
    const onTop = Math.max(0, last.sendingUs - sending(last.wireBytes)) + last.settlingUs;
    return sending(dirtyBytes * ratio) + onTop;
  }
}
