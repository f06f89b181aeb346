import type { Socket } from "node:net";
import { DwcpError } from "../../errors.js";
import type { ConnectionNews } from "../../session/connection.js";
import { Session } from "../../session/session.js";
import type { SessionIdentity } from "../../session/session-identity.js";
import type { SendJob } from "../transfer/send-job.js";
import { dialPeer } from "./dial-peer.js";
import { LinkOpenings } from "./link-openings.js";
import type { LinkOptions, PeerAddress } from "./link-options.js";
import { type NodeContext, nowUs } from "./node-context.js";
import { LinkShare } from "./link-share.js";
import { PathProber } from "./path-prober.js";
import { RetryPause } from "./retry-pause.js";
import { SessionHost, type SessionOwner, type SessionService } from "./session-host.js";
import type { SocketDriver } from "./socket-driver.js";
import type { StreamReading } from "./stream-reading.js";
import { type LinkCondition, type TrafficReading, TrafficTally } from "./traffic-tally.js";
import { tuneSocket } from "./tune-socket.js";

/** How long a peer that has room for some streams only is left in peace at most. */
const LONGEST_CROWDED_MS = 30_000;

/**
 * Everything that leads to one peer: a session, as many streams as serve best, and another session when one is lost.
 *
 * @see spec/dwcp.md B3, B7, B13
 */
export class PeerLink {
  readonly address: PeerAddress;
  readonly #context: NodeContext;
  readonly #options: LinkOptions;
  readonly #owner: SessionOwner;
  readonly #jobs = new Set<SendJob>();
  readonly #share: LinkShare;
  readonly #tally = new TrafficTally();
  readonly #openings: LinkOpenings;
  readonly #prober: PathProber;
  readonly #retry = new RetryPause();
  #host: SessionHost | undefined;
  #isClosed = false;

  constructor(
    address: PeerAddress,
    context: NodeContext,
    options: LinkOptions,
    service: SessionService,
  ) {
    this.address = address;
    this.#context = context;
    this.#options = options;
    this.#openings = new LinkOpenings({
      address,
      context,
      options,
      tally: this.#tally,
      establish: (identity) => this.#establish(identity),
      news: (driver, news) => this.#hear(driver, news),
      failed: (error) => this.#failed(error),
      left: (driver) => this.#host?.leave(driver),
      stirred: () => this.stir(),
    });
    this.#prober = new PathProber((listener) => dialPeer(address, options, listener), {
      found: (socket) => this.#found(socket),
      failed: (error) => this.#failed(error),
    });
    this.#owner = {
      nowUs,
      ...service,
      over: (_, error) => this.#sessionOver(error),
      streamsChanged: () => {
        context.ceiling.settle(nowUs());
        this.#keepStreams();
      },
      crowded: () => this.#crowded(),
    };
    this.#share = new LinkShare({
      options,
      ceiling: context.ceiling,
      tally: this.#tally,
      host: () => this.#host,
      opening: () => this.#openings.size,
      keepStreams: () => this.#keepStreams(),
    });
  }

  /** The session, when there is one. */
  get session(): Session | undefined {
    return this.#host?.session;
  }

  /** What drives the session, when there is one. */
  get host(): SessionHost | undefined {
    return this.#host;
  }

  /** What went over it. */
  get traffic(): TrafficReading {
    const { host, port } = this.address;
    const place = { peer: `${host}:${port}`, condition: this.#condition };
    return this.#tally.read(nowUs(), place, this.session === undefined ? [] : [this.session]);
  }

  /** Its streams, for people to look at. */
  get streams(): readonly StreamReading[] {
    const { host, port } = this.address;
    return this.#host?.streamsOf(`${host}:${port}`) ?? [];
  }

  /** Whether it has jobs. */
  get isBusy(): boolean {
    return this.#jobs.size > 0;
  }

  /** Sends a job's object, over this session or the next ones. */
  send(job: SendJob): void {
    if (this.#isClosed) {
      job.fail(closedError());
      return;
    }
    this.#jobs.add(job);
    if (this.#host === undefined) this.#keepStreams();
    else this.#host.send(job);
  }

  /** Forgets a job that is over. */
  forget(job: SendJob): void {
    this.#jobs.delete(job);
    this.#host?.forget(job);
  }

  /** Looks after the session soon. */
  stir(): void {
    this.#host?.stir();
  }

  /** Ends the session and everything that leads to it; what is being sent fails, and may go on later. */
  close(): void {
    this.#isClosed = true;
    this.#retry.stop();
    this.#prober.stop();
    this.#openings.drop();
    this.#host?.close();
    this.#share.leave();
    for (const job of this.#jobs) job.fail(closedError());
  }

  // Opens what is missing; one at a time while there is no session.
  #keepStreams(): void {
    if (this.#isClosed) return;
    const host = this.#host;
    if (host === undefined) {
      if (this.#openings.size === 0 && this.#jobs.size > 0) this.#dial(undefined);
      return;
    }
    if (!this.#isReachable(host.session)) return;
    const count = this.#share.toOpen(host.session, this.#retry.failures > 0);
    for (let i = 0; i < count; i++) this.#dial(host.session);
  }

  // While nothing comes through, only trying tells when that changes: what was begun before has long waits of its own.
  #isReachable({ path }: Session): boolean {
    if (path === "silent") {
      if (!this.#retry.isPausing) this.#prober.start();
      return false;
    }
    this.#prober.stop();
    if (path === "back") this.#openings.drop();
    return path === "answering";
  }

  #found(socket: Socket): void {
    const { session } = this;
    if (session === undefined) {
      socket.destroy();
      return;
    }
    // Another one that connected and heard nothing since.
    this.#openings.drop();
    if (this.#share.room < 1) session.makeRoom(nowUs());
    tuneSocket(socket, this.#context.congestionControl);
    this.#openings.open(socket, session);
    this.stir();
  }

  get #condition(): LinkCondition {
    const { session } = this;
    if (session === undefined) return this.isBusy && this.#retry.failures > 0 ? "away" : "idle";
    const least = Math.min(this.#options.minStreams, this.#share.count) / 2;
    return session.streams.alive < least ? "degraded" : "established";
  }

  #dial(session: Session | undefined): void {
    if (!this.#retry.isPausing) this.#openings.dial(session);
  }

  #establish(identity: SessionIdentity): Session {
    const { limits, tuning, platform } = this.#context;
    const { crc32 } = platform;
    const chance = Math.random();
    const options = { role: "initiator", identity, tuning, limits, crc32, chance } as const;
    const session = new Session(nowUs(), options);
    this.#host = new SessionHost(session, this.#owner, this.#tally);
    this.#openings.restart();
    for (const job of this.#jobs) if (!job.isOver) this.#host.send(job);
    this.#share.begin(session);
    return session;
  }

  #hear(driver: SocketDriver, news: ConnectionNews): void {
    switch (news.kind) {
      case "joined":
        this.#openings.delete(driver);
        this.#retry.succeeded();
        this.#host?.join(driver, news.streamIndex);
        break;
      case "foreign":
        this.#openings.delete(driver);
        driver.drop();
        this.#failed(new DwcpError("dwcp.unsupported", "the peer speaks no DWCP"));
        break;
      case "failed": {
        const wasOpening = this.#openings.delete(driver);
        driver.end();
        if (news.error.code === "dwcp.unknown_session") {
          this.#host?.close(news.error);
          this.#keepStreams();
        } else if (wasOpening) this.#failed(news.error);
        break;
      }
    }
  }

  // A session that stands goes on with the streams at hand; without one the peer gets some time.
  #failed(error: DwcpError): void {
    if (this.#isClosed) return;
    this.#tally.openings.failed += 1;
    if (this.#host !== undefined && error.code === "dwcp.stream_limit") {
      this.#crowded();
      return;
    }
    const awayMs = this.#retry.failed();
    const fatal = !error.retryable && error.code !== "dwcp.stream_limit";
    if (this.#host === undefined && (fatal || awayMs > this.#options.giveUpMs)) {
      for (const job of this.#jobs) job.fail(error);
      return;
    }
    this.#retry.pause(() => this.#keepStreams());
  }

  // Many hear it at once: that is one answer, not many. A session without streams waits no longer than for any other reason.
  #crowded(): void {
    this.#share.crowded();
    if (this.#retry.isPausing) return;
    this.#retry.refused();
    const longestMs = this.session?.isLost === true ? undefined : LONGEST_CROWDED_MS;
    this.#retry.pause(() => this.#keepStreams(), longestMs);
  }

  #sessionOver(error: DwcpError | undefined): void {
    this.#prober.stop();
    this.#host = undefined;
    this.#share.end();
    if (this.#isClosed) return;
    if (error !== undefined && !error.retryable) {
      for (const job of this.#jobs) job.fail(error);
      return;
    }
    this.#keepStreams();
  }
}

function closedError(): DwcpError {
  return new DwcpError("dwcp.shutdown", "the node was closed");
}
