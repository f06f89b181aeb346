import type { CeilingMember, StreamCeiling } from "../../session/stream-ceiling.js";
import type { SessionHost } from "./session-host.js";
import { nowUs } from "./node-context.js";

/** How long a peer that was refused a stream is taken to want more: it asks again every half minute. */
const WANTS_US = 60_000_000;

/** A session that a peer opened, as one of those that share the streams of the process. spec/dwcp.md B13 */
export class AcceptedShare implements CeilingMember {
  readonly #host: SessionHost;
  readonly #ceiling: StreamCeiling;
  #isAsking = false;
  #refusedUs = Number.NEGATIVE_INFINITY;

  constructor(host: SessionHost, ceiling: StreamCeiling) {
    this.#host = host;
    this.#ceiling = ceiling;
    ceiling.join(this);
  }

  get held(): number {
    return this.#host.session.streams.size;
  }

  // How many a peer would open is not said: what it has, or whatever it may have once it was refused one.
  wanted(now: number): number {
    const { streams, options } = this.#host.session;
    // A session that lost all of them is perhaps over for its peer.
    if (streams.size > 0 && now - this.#refusedUs < WANTS_US) {
      return options.identity.capabilities.maxStreams;
    }
    return streams.size + (this.#isAsking ? 1 : 0);
  }

  shared(now: number, share: number): void {
    const surplus = this.#host.session.streams.alive - share;
    if (surplus > 0) this.#host.askToDrain(now, surplus);
  }

  /** Whether the peer may attach one more; where not, others make room if this session has less than its share. */
  admits(): boolean {
    const now = nowUs();
    this.#isAsking = true;
    const hasRoom = this.#ceiling.roomFor(now, this) > 0;
    this.#isAsking = false;
    if (hasRoom) return true;
    this.#refusedUs = now;
    this.#ceiling.refuse(now);
    return false;
  }

  /** The session is over. */
  leave(): void {
    this.#ceiling.leave(nowUs(), this);
  }
}
