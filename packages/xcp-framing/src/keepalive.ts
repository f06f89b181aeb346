const MAX_UNANSWERED = 2;
const MAX_QUEUED_PINGS = 64;

/** What {@link Keepalive.tick} wants done. */
export type KeepaliveAction = "ping" | "dead" | undefined;

interface Outstanding {
  readonly nonce: number;
  readonly sentUs: number;
  readonly owner: unknown;
}

/**
 * Watches a connection: PING when nothing came for an interval, dead when two PINGs stay unanswered and nothing else comes.
 *
 * At most one PING is outstanding; those that the application asks for wait in line. spec/xcp.md §7
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
    if (!this.#enabled) return Number.POSITIVE_INFINITY;
    return Math.max(this.#heardUs, this.#outstanding?.sentUs ?? 0) + this.#intervalUs;
  }

  /** Tells what is due; after `ping` the caller sends one with {@link Keepalive.begin}. */
  tick(nowUs: number): KeepaliveAction {
    if (nowUs < this.dueUs) return undefined;
    return this.#unanswered >= MAX_UNANSWERED ? "dead" : "ping";
  }

  /** Notes that a PING leaves now and returns its nonce. A PING that was not answered is given up. */
  begin(nowUs: number, owner?: unknown): number {
    const nonce = this.#nextNonce++;
    this.#outstanding = { nonce, sentUs: nowUs, owner };
    this.#unanswered++;
    return nonce;
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
