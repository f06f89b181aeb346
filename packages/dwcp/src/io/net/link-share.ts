import type { Session } from "../../session/session.js";
import type { CeilingMember, StreamCeiling } from "../../session/stream-ceiling.js";
import type { LinkOptions } from "./link-options.js";
import { nowUs } from "./node-context.js";
import type { SessionHost } from "./session-host.js";
import { StreamTuner } from "./stream-tuner.js";
import type { TrafficTally } from "./traffic-tally.js";

/** Whose streams they are. */
export interface ShareOwner {
  readonly options: LinkOptions;
  readonly ceiling: StreamCeiling;
  readonly tally: TrafficTally;
  /** What drives the session, when there is one. */
  readonly host: () => SessionHost | undefined;
  /** Connections on their way to become streams. */
  readonly opening: () => number;
  /** Opens what is missing. */
  readonly keepStreams: () => void;
}

/**
 * How many streams a link should have: as many as serve best, as the session allows, as are left beside the other sessions of this
 * process, and as the peer has room for.
 *
 * @see spec/dwcp.md B13
 */
export class LinkShare implements CeilingMember {
  readonly #owner: ShareOwner;
  readonly #tuner: StreamTuner;
  #isCrowded = false;

  constructor(owner: ShareOwner) {
    this.#owner = owner;
    this.#tuner = new StreamTuner(owner.options);
    owner.ceiling.join(this);
  }

  get held(): number {
    return (this.#session?.streams.size ?? 0) + this.#owner.opening();
  }

  wanted(): number {
    const session = this.#session;
    if (session === undefined) return this.#owner.opening();
    return Math.min(this.#tuner.count, maxStreamsOf(session));
  }

  shared(_: number, share: number): void {
    const host = this.#owner.host();
    if (host === undefined) return;
    const surplus = host.session.streams.alive - share;
    if (surplus > 0) host.drainStreams(surplus);
    this.#owner.keepStreams();
  }

  /** How many it should have. */
  get count(): number {
    return this.#owner.ceiling.shareOf(nowUs(), this);
  }

  /** How many may be opened besides those there are. */
  get room(): number {
    const session = this.#session;
    if (session === undefined) return 1;
    const room = this.#owner.ceiling.roomFor(nowUs(), this);
    return Math.min(room, maxStreamsOf(session) - this.held);
  }

  /** How many are to be opened now; one at a time while `isCareful`, and while the peer has hardly any room. */
  toOpen({ streams }: Session, isCareful: boolean): number {
    const opening = this.#owner.opening();
    const missing = this.count - streams.alive - opening;
    if (missing <= 0) this.#isCrowded = false;
    if ((isCareful || this.#isCrowded) && opening > 0) return 0;
    return Math.min(missing, this.room, this.#isCrowded ? 1 : missing);
  }

  /** The peer had no place for a stream, or needs that of one: until all are there again, it is asked for one at a time. */
  crowded(): void {
    this.#isCrowded = true;
  }

  /** A session begins: what its streams achieve is measured. */
  begin(session: Session): void {
    const { ceiling, tally } = this.#owner;
    this.#tuner.start(session.sending, {
      nowUs,
      mostStreams: () => (this.#isCrowded ? session.streams.alive : ceiling.mostFor(nowUs(), this)),
      changed: (difference) => {
        if (difference > 0) tally.adjustments.up += 1;
        if (difference < 0) tally.adjustments.down += 1;
        ceiling.settle(nowUs());
        this.shared(nowUs(), this.count);
      },
    });
  }

  /** The session is over: others may have its streams. */
  end(): void {
    this.#tuner.stop();
    this.#isCrowded = false;
    this.#owner.ceiling.settle(nowUs());
  }

  /** There will be no other session. */
  leave(): void {
    this.#tuner.stop();
    this.#owner.ceiling.leave(nowUs(), this);
  }

  get #session(): Session | undefined {
    return this.#owner.host()?.session;
  }
}

function maxStreamsOf({ options }: Session): number {
  return options.identity.capabilities.maxStreams;
}
