import type { Socket } from "node:net";
import type { DwcpError } from "../../errors.js";
import { Connection, type ConnectionNews } from "../../session/connection.js";
import type { Session } from "../../session/session.js";
import type { SessionIdentity } from "../../session/session-identity.js";
import {
  AttachOpening,
  InitiateOpening,
  type StreamOpening,
} from "../../session/stream-opening.js";
import { dialFailure } from "./dial-failure.js";
import { DialingSet } from "./dialing-set.js";
import { dialPeer } from "./dial-peer.js";
import type { LinkOptions, PeerAddress } from "./link-options.js";
import { handshakeContext, type NodeContext, nowUs } from "./node-context.js";
import { SocketDriver } from "./socket-driver.js";
import type { TrafficTally } from "./traffic-tally.js";
import { tuneSocket } from "./tune-socket.js";

/** Whose connections they are. */
export interface OpeningsOwner {
  readonly address: PeerAddress;
  readonly context: NodeContext;
  readonly options: LinkOptions;
  readonly tally: TrafficTally;
  /** Makes the session that the first connection agreed on. */
  readonly establish: (identity: SessionIdentity) => Session;
  readonly news: (driver: SocketDriver, news: ConnectionNews) => void;
  /** One did not become a stream. */
  readonly failed: (error: DwcpError) => void;
  /** One is gone that may have been a stream. */
  readonly left: (driver: SocketDriver) => void;
  /** Something arrived or left on one that is a stream. */
  readonly stirred: () => void;
}

/**
 * The connections of a link from dialing until they are streams: the first one opens a session, further ones attach to it.
 *
 * @see spec/dwcp.md B3
 */
export class LinkOpenings {
  readonly #owner: OpeningsOwner;
  readonly #dialing = new DialingSet();
  #nextIndex = 1;

  constructor(owner: OpeningsOwner) {
    this.#owner = owner;
  }

  /** How many are under way. */
  get size(): number {
    return this.#dialing.size;
  }

  /** Gives all of them up. */
  drop(): void {
    this.#dialing.drop();
  }

  /** One is done with, well or badly; `false` when that was known. */
  delete(driver: SocketDriver): boolean {
    return this.#dialing.delete(driver);
  }

  /** A session begins: its further streams are counted from 1. */
  restart(): void {
    this.#nextIndex = 1;
  }

  /** Dials one more, for a session that is there or for a new one. */
  dial(session: Session | undefined): void {
    const { address, options, context, failed } = this.#owner;
    const socket = dialPeer(address, options, {
      connected: (connected) => {
        tuneSocket(connected, context.congestionControl);
        this.#dialing.delete(connected);
        this.open(connected, session);
      },
      failed: (of, error) => {
        if (this.#dialing.delete(of)) failed(error);
      },
    });
    this.#dialing.add(socket);
  }

  /** Begins the opening on a connection that stands. */
  open(socket: Socket, session: Session | undefined): void {
    const { address, options, context, tally, news, failed, left, stirred } = this.#owner;
    const { limits, platform } = context;
    const connection = new Connection(this.#opening(socket, session), limits, platform.crc32);
    const driver: SocketDriver = new SocketDriver({ socket }, connection, {
      nowUs,
      tally,
      news,
      stirred: () => {
        if (driver.streamIndex === undefined) driver.pump();
        else stirred();
      },
      closed: (of, cause) => {
        const wasOpening = this.#dialing.delete(of);
        left(of);
        if (wasOpening) failed(dialFailure(address, cause, "opening"));
      },
    });
    // A peer that stands still, or a path that swallows everything, says nothing that would end it.
    this.#dialing.add(driver, {
      forMs: options.connectTimeoutMs,
      late: () => {
        driver.drop();
        failed(dialFailure(address, undefined, "connecting"));
      },
    });
    driver.pump();
  }

  #opening(socket: Socket, session: Session | undefined): StreamOpening {
    const context = handshakeContext(this.#owner.context, socket);
    return session === undefined
      ? new InitiateOpening(context, this.#owner.establish)
      : new AttachOpening(context, session, this.#takeIndex());
  }

  #takeIndex(): number {
    const index = this.#nextIndex;
    this.#nextIndex = (this.#nextIndex % 65_535) + 1;
    return index;
  }
}
