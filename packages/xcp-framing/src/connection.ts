import {
  type ByteStream,
  type MessagePipe,
  type TransportInfo,
  type WireError,
} from "@proj/wire-types";
import { BodyPumps } from "./body-pumps.js";
import type { ConnectionOptions, Role } from "./connection-options.js";
import { checkCredential } from "./credential-check.js";
import { XcpError } from "./errors.js";
import { HandlerRuns } from "./handler-runs.js";
import type { IncomingMessage, OutgoingMessage, RequestOptions } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import { OutgoingCalls } from "./outgoing-calls.js";
import { PeerQuestions } from "./peer-questions.js";
import type { NegotiableTerms } from "./renegotiation.js";
import type { Session } from "./session.js";
import { SessionDriver } from "./session-driver.js";
import type { SessionEvent } from "./session-events.js";
import type { SessionMemory } from "./session-memory.js";
import type { ConnectionStats } from "./stats.js";
import type { Release, Unsupported } from "./wire/control.js";
import type { Hello } from "./wire/hello.js";

const DEFAULTS: RequestOptions = {};

/** How to wind a connection up. */
export interface CloseOptions {
  /** Sent in GOAWAY; 0 = no particular reason. */
  readonly reason?: number;
}

interface Waiter {
  resolve(value: number): void;
  reject(error: WireError): void;
}

/**
 * One XCP connection: a session bound to a transport.
 *
 * Requests of either side may be under way at the same time and are answered in any order. Within a channel messages
 * arrive in the order they were sent; channels do not wait for each other.
 *
 * @see spec/xcp.md §6, §7, §20
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #driver: SessionDriver;
  readonly #session: Session;
  readonly #calls: OutgoingCalls;
  readonly #runs: HandlerRuns;
  readonly #questions: PeerQuestions;
  readonly #bornUs: number;
  readonly #onOpen: (connection: Connection) => void;
  readonly #onGoingAway = new Set<() => void>();
  #negotiated: Negotiated | undefined;
  #goingAway = false;
  #error: WireError | undefined;
  #resolveClosed: (error: WireError | undefined) => void = () => undefined;
  /** Resolves when the connection is gone, with the reason unless it was closed in order. Never rejects. */
  readonly closed: Promise<WireError | undefined>;

  /** Use {@link openConnection}. */
  constructor(
    transport: ByteStream | MessagePipe,
    role: Role,
    options: ConnectionOptions,
    onOpen: (connection: Connection) => void,
  ) {
    this.#options = options;
    this.#onOpen = onOpen;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const { onStream } = options;
    this.#driver = new SessionDriver(transport, options, {
      role,
      wantsStream: onStream && ((header) => guarded(() => onStream(header))),
      handle: (event) => this.#handle(event),
      gone: () => this.#resolveClosed(this.#error),
    });
    this.#session = this.#driver.session;
    this.#bornUs = this.#driver.now();
    const pumps = new BodyPumps(this.#driver);
    this.#calls = new OutgoingCalls(this.#driver, pumps, options, role === "initiator" ? 1 : 2);
    this.#runs = new HandlerRuns(this, this.#driver, pumps, options);
    this.#questions = new PeerQuestions(this, options, (question, answer) => {
      this.#session.controls.answer(this.#driver.now(), question, answer);
      this.#driver.flushSoon();
    });
    this.#driver.start();
  }

  /** What both ends agreed on. */
  get negotiated(): Negotiated {
    const negotiated = this.#negotiated;
    if (negotiated === undefined) throw new TypeError("the connection is not open yet");
    return negotiated;
  }

  /** What the transport knows about the peer. */
  get info(): TransportInfo {
    return this.#driver.info;
  }

  /** What continues in the next connection of the same session. */
  get session(): SessionMemory {
    return this.#session.memory;
  }

  /** Bytes of frames in the direction that has more of them. */
  get busiestBytes(): number {
    const { sent, received } = this.#session.traffic;
    return Math.max(sent.bytes, received.bytes);
  }

  /** Whether new requests are refused because one end is closing. */
  get goingAway(): boolean {
    return this.#goingAway || this.#session.phase !== "open";
  }

  /**
   * Sends a message and resolves with its reply.
   *
   * @throws XcpError the peer's refusal; `xcp.timeout`, `xcp.cancelled`, `xcp.busy`, `xcp.going_away`; or why the message
   *   does not fit what was agreed
   * @throws WireError `wire.closed` when the connection is lost before the reply
   */
  request(message: OutgoingMessage, options: RequestOptions = DEFAULTS): Promise<IncomingMessage> {
    return this.#calls.call(message, options, "reply") as Promise<IncomingMessage>;
  }

  /**
   * Sends a message that wants no reply; resolves when it is handed to the transport, or, with `acknowledge`, when the
   * peer has accepted it.
   *
   * @throws XcpError as {@link Connection.request}
   */
  async send(message: OutgoingMessage, options: RequestOptions = DEFAULTS): Promise<void> {
    await this.#calls.call(message, options, "nothing");
  }

  /** Takes a channel that was not used yet: odd ones belong to the initiator. spec/xcp.md §7 */
  openChannel(): number {
    return this.#calls.openChannel();
  }

  /**
   * Measures the way to the peer and back, in microseconds.
   *
   * @throws WireError `wire.closed`
   */
  ping(): Promise<number> {
    return this.#command((owner) => this.#session.controls.ping(this.#driver.now(), owner));
  }

  /**
   * Changes codecs or the frame limit for the rest of the connection, below what the handshake agreed.
   *
   * @throws XcpError the peer's refusal, or why the terms go too far
   */
  async negotiate(terms: NegotiableTerms): Promise<void> {
    await this.#command((owner) =>
      this.#session.controls.negotiate(this.#driver.now(), terms, owner),
    );
  }

  /** Gives back early what a message lent: memory that its sender keeps for it. spec/xcp.md §16.3 */
  release(release: Release, channelId = 0): void {
    this.#session.controls.releaseLease(this.#driver.now(), release, channelId);
    this.#driver.flushSoon();
  }

  /** Tells the peer what about its message is not supported. */
  unsupported(body: Unsupported, channelId = 0): void {
    this.#session.controls.unsupported(this.#driver.now(), body, channelId);
    this.#driver.flushSoon();
  }

  /** Calls `listener` once when the peer announces that it takes no new requests. */
  onGoingAway(listener: () => void): void {
    this.#onGoingAway.add(listener);
  }

  /** Ends in order: no new requests, those under way finish, at most 5 s. Resolves when the connection is gone. */
  async close(options: CloseOptions = {}): Promise<void> {
    this.#goingAway = true;
    this.#session.close(this.#driver.now(), options.reason);
    this.#driver.flush();
    await this.closed;
  }

  /** Drops the connection at once; everything under way fails. With an error the peer is told before. */
  destroy(error?: WireError): void {
    this.#session.destroy(this.#driver.now(), error);
    this.#driver.flush();
    if (error === undefined) this.#driver.drop();
  }

  /** What the connection did so far and holds now. */
  stats(): ConnectionStats {
    return this.#session.stats(this.#driver.now());
  }

  #command(start: (owner: Waiter) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      start({ resolve, reject });
      this.#driver.flushSoon();
    });
  }

  #handle(event: SessionEvent): void {
    switch (event.kind) {
      case "messageReceived":
      case "chunkReceived":
      case "streamEnded":
      case "streamAborted":
      case "clarified":
      case "confirmed":
      case "questionFailed":
      case "superseded":
        this.#runs.handle(event);
        return;
      case "replied":
      case "delivered":
      case "failed":
      case "renumbered":
      case "bodyWanted":
        this.#calls.handle(event);
        return;
      case "clarifyAsked":
      case "confirmAsked":
        this.#questions.asked(event);
        return;
      case "leaseReleased":
        guarded(() => this.#options.onRelease?.(event.release, this));
        return;
      case "ponged":
        (event.owner as Waiter).resolve(event.rttUs);
        return;
      case "negotiated":
        (event.owner as Waiter).resolve(0);
        return;
      case "commandFailed":
        (event.owner as Waiter).reject(event.error);
        return;
      case "credentialPresented":
        this.#judge(event.hello);
        return;
      case "opened":
        this.#negotiated = event.negotiated;
        this.#driver.metrics?.opened(this.#driver.now() - this.#bornUs);
        this.#onOpen(this);
        return;
      case "termsChanged":
        this.#negotiated = event.negotiated;
        return;
      case "peerGoingAway":
        this.#goingAway = true;
        for (const listener of this.#onGoingAway) guarded(listener);
        return;
      case "drained":
        this.#driver.linger("normally");
        return;
      case "closed":
        this.#onSessionClosed(event.error);
    }
  }

  #judge(hello: Hello): void {
    checkCredential(this.#options.verifyAuth, hello, this.info, (verdict) => {
      this.#session.authorize(this.#driver.now(), verdict);
      this.#driver.flushSoon();
    });
  }

  #onSessionClosed(error: WireError | undefined): void {
    this.#error = error;
    // A session that can be resumed lets its handlers finish: the peer may come back for the result.
    const resumable =
      this.#session.memory.sessionId !== undefined && this.#options.sessions !== undefined;
    if (!resumable) {
      this.#runs.cancelAll(error ?? new XcpError("xcp.going_away", "the connection was closed"));
    }
    this.#driver.linger(error === undefined ? "normally" : "because of an error");
  }
}

// A callback of the application must not break the connection.
function guarded<T>(callback: () => T): T | undefined {
  try {
    return callback();
  } catch {
    return undefined;
  }
}
