import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { DwcpError } from "../../errors.js";
import { Connection, type ConnectionNews } from "../../session/connection.js";
import { ResponderHandshake } from "../../session/responder-handshake.js";
import { Session } from "../../session/session.js";
import type { SessionIdentity } from "../../session/session-identity.js";
import { SessionRegistry } from "../../session/session-registry.js";
import { AcceptOpening } from "../../session/stream-opening.js";
import { ALPN } from "../../wire/preface.js";
import { nodeDigests } from "../node-digests.js";
import { handshakeContext, type NodeContext, nowUs, systemRandom } from "./node-context.js";
import type { PeerAddress } from "./link-options.js";
import { type AcceptedSocket, readDirectly } from "./direct-reading.js";
import { AcceptedShare } from "./accepted-share.js";
import { SessionHost, type SessionOwner, type SessionService } from "./session-host.js";
import { SocketDriver } from "./socket-driver.js";
import type { StreamReading } from "./stream-reading.js";
import { type TrafficReading, TrafficTally } from "./traffic-tally.js";
import { tuneSocket } from "./tune-socket.js";

/** How long a connection may take to become a stream. spec/dwcp.md B3 */
const HANDSHAKE_MS = 10_000;
/** Connections that are no streams yet. spec/dwcp.md B3 */
const MAX_HALF_OPEN = 1_024;
const MAX_SESSIONS = 1_024;
const MAX_SESSIONS_PER_PEER = 16;

/** What a listener does beside sessions. */
export interface ListenerOptions {
  readonly listen: PeerAddress;
  readonly tls?: TlsOptions;
  /** Takes connections of peers that speak something else, with what they sent so far. */
  readonly foreign?: (socket: Socket, bytes: Uint8Array) => void;
}

/** Answers connections: new sessions, and further streams of those there are. */
export class DwcpListener {
  readonly #context: NodeContext;
  readonly #options: ListenerOptions;
  readonly #owner: SessionOwner;
  readonly #server: Server;
  readonly #registry = new SessionRegistry(
    nodeDigests,
    { maxSessions: MAX_SESSIONS, maxSessionsPerPeer: MAX_SESSIONS_PER_PEER },
    (session) => this.#shares.get(session)?.admits() !== false,
  );
  readonly #epoch = systemRandom.fill(new Uint8Array(16));
  readonly #hosts = new Map<Session, SessionHost>();
  readonly #shares = new Map<Session, AcceptedShare>();
  readonly #tally = new TrafficTally();
  readonly #opening = new Map<SocketDriver, NodeJS.Timeout>();

  constructor(context: NodeContext, options: ListenerOptions, service: SessionService) {
    this.#context = context;
    this.#options = options;
    this.#owner = {
      nowUs,
      ...service,
      over: (host) => {
        this.#registry.remove(host.session);
        this.#hosts.delete(host.session);
        this.#shares.get(host.session)?.leave();
        this.#shares.delete(host.session);
      },
      streamsChanged: () => context.ceiling.settle(nowUs()),
      // This side opens none that it could leave out.
      crowded: () => undefined,
    };
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer({ noDelay: true, pauseOnConnect: true }, (socket) =>
            this.#accept(readDirectly(socket)),
          )
        : createTlsServer(
            {
              minVersion: "TLSv1.3",
              ALPNProtocols: [ALPN],
              requestCert: context.security.mode === "mtls",
              // The handshake refuses whom TLS did not authenticate, and says so: a connection that only ends looks like a fault.
              rejectUnauthorized: context.security.mode !== "mtls",
              ...tls,
            },
            (socket) => this.#accept({ socket }),
          );
  }

  /** Where it listens. */
  get address(): PeerAddress {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Sessions that peers opened. */
  get sessions(): readonly Session[] {
    return this.#registry.sessions;
  }

  /** What went over the sessions that peers opened. */
  get traffic(): TrafficReading {
    const { sessions } = this;
    const condition = sessions.length === 0 ? "idle" : "established";
    return this.#tally.read(nowUs(), { peer: "incoming", condition }, sessions);
  }

  /** The streams of those sessions, for people to look at. */
  get streams(): readonly StreamReading[] {
    return [...this.#hosts.values()].flatMap((host) => host.streamsOf("incoming"));
  }

  /**
   * Begins to listen.
   *
   * @throws DwcpError `dwcp.invalid_config` for an address that others can reach without any security.
   */
  async open(): Promise<void> {
    const { host, port } = this.#options.listen;
    if (this.#context.security.mode === "none" && !isLoopback(host)) {
      throw new DwcpError(
        "dwcp.invalid_config",
        `listening on ${host} needs a pre-shared key or certificates of both sides`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
  }

  /** Stops listening and ends all sessions. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const driver of this.#opening.keys()) driver.drop();
    for (const host of this.#hosts.values()) host.close();
    await closed;
  }

  #accept(accepted: AcceptedSocket): void {
    const { socket } = accepted;
    if (this.#opening.size >= MAX_HALF_OPEN) {
      socket.destroy();
      return;
    }
    tuneSocket(socket, this.#context.congestionControl);
    const handshake = new ResponderHandshake(
      handshakeContext(this.#context, socket),
      this.#epoch,
      this.#context.sessionTtlMs,
    );
    const opening = new AcceptOpening(handshake, this.#registry, (identity) =>
      this.#establish(identity),
    );
    const { limits, platform, payloads } = this.#context;
    let joined: SessionHost | undefined;
    const connection = new Connection(opening, limits, platform.crc32, payloads);
    const driver = new SocketDriver(accepted, connection, {
      nowUs,
      tally: this.#tally,
      news: (of, news) => {
        joined = this.#hear(of, news) ?? joined;
      },
      stirred: () => {
        if (joined === undefined) driver.pump();
        else joined.stir();
      },
      closed: (of) => {
        this.#settle(of);
        joined?.leave(of);
      },
    });
    this.#opening.set(
      driver,
      setTimeout(() => driver.drop(), HANDSHAKE_MS),
    );
  }

  #establish(identity: SessionIdentity): Session {
    const { limits, tuning, platform } = this.#context;
    const { crc32 } = platform;
    const chance = Math.random();
    const options = { role: "responder", identity, tuning, limits, crc32, chance } as const;
    const session = new Session(nowUs(), options);
    const displaced = this.#registry.add(session);
    if (displaced !== undefined) {
      const error = new DwcpError("dwcp.session_lost", "the peer has opened others since");
      this.#hosts.get(displaced)?.close(error);
    }
    const host = new SessionHost(session, this.#owner, this.#tally);
    this.#hosts.set(session, host);
    this.#shares.set(session, new AcceptedShare(host, this.#context.ceiling));
    return session;
  }

  #hear(driver: SocketDriver, news: ConnectionNews): SessionHost | undefined {
    this.#settle(driver);
    switch (news.kind) {
      case "joined": {
        const host = this.#hosts.get(news.session);
        host?.join(driver, news.streamIndex);
        return host;
      }
      case "foreign":
        this.#handOn(driver, news.bytes);
        return undefined;
      case "failed":
        driver.end();
        return undefined;
    }
  }

  #handOn(driver: SocketDriver, bytes: Uint8Array): void {
    const { foreign } = this.#options;
    if (foreign === undefined) driver.drop();
    else foreign(driver.release(), bytes);
  }

  #settle(driver: SocketDriver): void {
    clearTimeout(this.#opening.get(driver));
    this.#opening.delete(driver);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
