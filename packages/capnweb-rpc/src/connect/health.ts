/** How a connection that looks open is checked. */
export interface HealthOptions {
  /** Milliseconds between pings. */
  readonly intervalMs: number;
  /** Milliseconds that an answer may take. Default 5 000. */
  readonly timeoutMs?: number | undefined;
  /** Pings in a row without an answer, after which the connection counts as dead. Default 2. */
  readonly threshold?: number | undefined;
}

/** What is due. */
export type HealthDue = "nothing" | "ping" | "dead";

/**
 * Says when to ping, and when the peer has been silent for too long. One ping is out at a time.
 *
 * ```
 * resting ── interval ──▶ waiting ── answer ──▶ resting
 *                            └── timeout, threshold times in a row ──▶ dead
 * ```
 *
 * spec/capnweb.md §20.1
 */
export class Health {
  readonly #intervalUs: number;
  readonly #timeoutUs: number;
  readonly #threshold: number;
  #dueUs: number;
  #sentUs: number | undefined;
  #missed = 0;

  /** The first ping is due one interval after `nowUs`. */
  constructor(options: HealthOptions, nowUs: number) {
    this.#intervalUs = options.intervalMs * 1000;
    this.#timeoutUs = (options.timeoutMs ?? 5000) * 1000;
    this.#threshold = options.threshold ?? 2;
    this.#dueUs = nowUs + this.#intervalUs;
  }

  /** When {@link Health.tick} is to be called next. */
  get deadlineUs(): number {
    return this.#dueUs;
  }

  /** Says what is due at `nowUs`. */
  tick(nowUs: number): HealthDue {
    if (nowUs < this.#dueUs) return "nothing";
    if (this.#sentUs !== undefined) {
      if (++this.#missed >= this.#threshold) return "dead";
    }
    this.#sentUs = nowUs;
    this.#dueUs = nowUs + this.#timeoutUs;
    return "ping";
  }

  /** Notes an answer, late ones included, and tells the round trip in microseconds. */
  answered(nowUs: number): number {
    const roundTripUs = nowUs - (this.#sentUs ?? nowUs);
    this.#missed = 0;
    this.#sentUs = undefined;
    this.#dueUs = nowUs + this.#intervalUs;
    return roundTripUs;
  }
}
