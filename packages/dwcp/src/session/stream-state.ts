/** What a stream does. spec/dwcp.md B7 */
export type StreamPhase = "active" | "stalled" | "closing";

/** What a look at the clock found about a stream. */
export type StreamVerdict = "fine" | "ping" | "stalled" | "dead" | "overdue";

const DEAD_AFTER = 3;
/** How long a peer may take to drain a stream that it was asked to close. */
const LEAVE_US = 10_000_000;

/**
 * One attached connection, as the session sees it.
 *
 * ```
 * active ─silent for a stall time─▶ stalled ─silent for three─▶ dead
 * stalled ─anything heard─▶ active              active, stalled ─drain─▶ closing
 * ```
 *
 * Half a stall time before it counts as stalled it is asked for a sign of life: a receiver that only stores slowly answers.
 *
 * @see spec/dwcp.md B7, B9
 */
export class StreamState {
  readonly index: number;
  phase: StreamPhase = "active";
  /** Encoded bytes that are under way on it. */
  flyingBytes = 0;
  /** Encoded bytes that were acknowledged on it. */
  deliveredBytes = 0;
  readonly #control: Uint8Array[] = [];
  #silentSinceUs: number;
  #asked = false;
  #leaveByUs = Number.POSITIVE_INFINITY;

  constructor(nowUs: number, index: number) {
    this.index = index;
    this.#silentSinceUs = nowUs;
  }

  /** When something was last heard on it, or awaited. */
  get silentSinceUs(): number {
    return this.#silentSinceUs;
  }

  /** Whether an answer has to come on it. */
  get awaits(): boolean {
    return this.flyingBytes > 0 || this.#asked;
  }

  /** Whether it may carry new units. */
  get takesUnits(): boolean {
    return this.phase === "active";
  }

  /** Frames that go before any unit. */
  get controlFrames(): number {
    return this.#control.length;
  }

  /** Queues a frame. */
  queue(frame: Uint8Array): void {
    this.#control.push(frame);
  }

  /** Takes the next queued frame. */
  takeControl(): Uint8Array | undefined {
    return this.#control.shift();
  }

  /** Takes all queued frames, because the stream is gone. */
  takeAllControl(): Uint8Array[] {
    return this.#control.splice(0);
  }

  /** Something arrived on it. */
  hear(nowUs: number): void {
    this.#silentSinceUs = nowUs;
    this.#asked = false;
    if (this.phase === "stalled") this.phase = "active";
  }

  /** It is asked for a sign of life, out of its turn; `false` when it was before. */
  ask(nowUs: number): boolean {
    const isFirst = !this.#asked;
    if (!this.awaits) this.#silentSinceUs = nowUs;
    this.#asked = true;
    return isFirst;
  }

  /** The peer was asked to drain and to close it. */
  askedToLeave(nowUs: number): void {
    this.phase = "closing";
    this.#leaveByUs = nowUs + LEAVE_US;
  }

  /** A unit goes out on it. */
  launch(nowUs: number, bytes: number): void {
    if (this.flyingBytes === 0 && !this.#asked) this.#silentSinceUs = nowUs;
    this.flyingBytes += bytes;
  }

  /** A unit that went out on it is acknowledged, refused or given up. */
  land(bytes: number): void {
    this.flyingBytes = Math.max(0, this.flyingBytes - bytes);
  }

  /** When the next look at the clock can find something; Infinity while nothing is awaited. */
  nextLookUs(stallUs: number, keepaliveUs: number): number {
    return Math.min(this.#leaveByUs, this.#nextDoubtUs(stallUs, keepaliveUs));
  }

  /** Looks at the clock. */
  look(nowUs: number, stallUs: number, keepaliveUs: number): StreamVerdict {
    if (nowUs >= this.#leaveByUs) return "overdue";
    const silentUs = nowUs - this.#silentSinceUs;
    if (!this.awaits && this.phase !== "stalled") {
      if (silentUs < keepaliveUs) return "fine";
      this.#asked = true;
      this.#silentSinceUs = nowUs;
      return "ping";
    }
    if (silentUs >= DEAD_AFTER * stallUs) return "dead";
    if (silentUs >= stallUs && this.phase === "active") {
      this.phase = "stalled";
      return "stalled";
    }
    if (silentUs >= stallUs / 2 && !this.#asked) {
      this.#asked = true;
      return "ping";
    }
    return "fine";
  }

  #nextDoubtUs(stallUs: number, keepaliveUs: number): number {
    const since = this.#silentSinceUs;
    if (!this.awaits && this.phase !== "stalled") return since + keepaliveUs;
    if (!this.#asked) return since + stallUs / 2;
    return since + (this.phase === "stalled" ? DEAD_AFTER : 1) * stallUs;
  }
}
