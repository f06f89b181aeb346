const MAX_UNANSWERED = 2;
const MAX_QUEUED_PINGS = 64;

/** What {@link Keepalive.tick} wants done. */
export type KeepaliveAction = "ping" | "giveUp" | "dead" | undefined;

interface Outstanding {
  readonly nonce: number;
  readonly sentUs: number;
  readonly owner: unknown;
  /** PINGs sent for this owner in a row. */
  readonly attempts: number;
}

/**
 * Watches a connection: PING when nothing came for an interval, dead when two PINGs stay unanswered and nothing else comes.
 *
 * At most one PING is outstanding; those that the application asks for wait in line. One without a PONG is sent once more,
 * and given up after that where other traffic shows that the peer lives: a PONG that was lost must not stop the line.
 *
 * @see spec/xcp.md §7
 */
export class Keepalive {
  readonly #intervalUs: number;
  #enabled = false;
  #heardUs = 0;
  #unanswered = 0;
  #nextNonce = 1;
  #outstanding: Outstanding | undefined;
  readonly #queued: unknown[] = [];

  /** `intervalUs` is both the idle time before a PING and the wait for its PONG. */
  constructor(intervalUs: number) {
    this.#intervalUs = intervalUs;
  }

  /** Begins to watch; without this only the application's PINGs are sent. */
  start(nowUs: number): void {
    this.#enabled = true;
    this.#heardUs = nowUs;
  }

  /** Bytes arrived: the peer is alive. */
  heard(nowUs: number): void {
    this.#heardUs = nowUs;
    this.#unanswered = 0;
  }

  /** When {@link Keepalive.tick} may have something to do; `Infinity` = never. */
  get dueUs(): number {
    if (this.#outstanding !== undefined) return this.#outstanding.sentUs + this.#intervalUs;
    return this.#enabled ? this.#heardUs + this.#intervalUs : Number.POSITIVE_INFINITY;
  }

  /**
   * Tells what is due; after `ping` the caller sends one with {@link Keepalive.begin}, after `giveUp` it calls
   * {@link Keepalive.giveUp}.
   */
  tick(nowUs: number): KeepaliveAction {
    if (nowUs < this.dueUs) return undefined;
    if (!this.#enabled) return "giveUp";
    if (this.#unanswered >= MAX_UNANSWERED) return "dead";
    return (this.#outstanding?.attempts ?? 0) < MAX_UNANSWERED ? "ping" : "giveUp";
  }

  /** Notes that a PING leaves now and returns its nonce. It takes the place of one that was not answered. */
  begin(nowUs: number, owner?: unknown): number {
    const nonce = this.#nextNonce++;
    const before = this.#outstanding;
    this.#outstanding = {
      nonce,
      sentUs: nowUs,
      owner: owner ?? before?.owner,
      attempts: (before?.attempts ?? 0) + 1,
    };
    this.#unanswered++;
    return nonce;
  }

  /** Lets the line go on without the PONG that is missing, and returns who waits for it. */
  giveUp(): unknown {
    const owner = this.#outstanding?.owner;
    this.#outstanding = undefined;
    return owner;
  }

  /** Asks for a PING of the application: `now` to send it, `queued` when another one is outstanding, or `full`. */
  request(owner: unknown): "now" | "queued" | "full" {
    if (this.#outstanding === undefined) return "now";
    if (this.#queued.length >= MAX_QUEUED_PINGS) return "full";
    this.#queued.push(owner);
    return "queued";
  }

  /** Takes a PONG; `undefined` when it answers nothing. */
  pong(
    nowUs: number,
    nonce: number | bigint,
  ): { readonly owner: unknown; readonly rttUs: number } | undefined {
    const outstanding = this.#outstanding;
    if (outstanding === undefined || outstanding.nonce !== nonce) return undefined;
    this.#outstanding = undefined;
    this.#unanswered = 0;
    return { owner: outstanding.owner, rttUs: nowUs - outstanding.sentUs };
  }

  /** The next PING that waits for the line to be free. */
  nextQueued(): unknown {
    return this.#outstanding === undefined ? this.#queued.shift() : undefined;
  }

  /** Everyone whose PING was not answered, when the connection ends. */
  abandon(): unknown[] {
    const owners = [this.#outstanding?.owner, ...this.#queued];
    this.#outstanding = undefined;
    this.#queued.length = 0;
    return owners.filter((owner) => owner !== undefined);
  }
}
