import {
  asWireError,
  type ByteStream,
  type MessagePipe,
  type Span,
  type Timer,
  type TransportInfo,
  type WireError,
} from "@proj/wire-types";
import { BodyPump, gatherBody } from "./body-pump.js";
import { BodySource } from "./body-source.js";
import { ConnectionMetrics } from "./connection-metrics.js";
import type { ConnectionOptions, Role } from "./connection-options.js";
import { Delivery, type DeliveryPort } from "./delivery.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { IncomingMessage, OutgoingMessage, RequestOptions, StreamSink } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import { PeerQuestions } from "./peer-questions.js";
import { PendingCall } from "./pending-call.js";
import { type Port, portOf } from "./port.js";
import { refusalFrom } from "./refusal.js";
import type { NegotiableTerms } from "./renegotiation.js";
import { Session } from "./session.js";
import type { SessionMemory } from "./session-memory.js";
import { resolveSessionConfig } from "./session-config.js";
import type { SessionEvent } from "./session-events.js";
import { SinkPump } from "./sink-pump.js";
import type { ConnectionStats } from "./stats.js";
import { isThenable } from "./thenable.js";
import type { Transfer } from "./transfer.js";
import { ReservedTag } from "./wire/constants.js";
import type { Release, Unsupported } from "./wire/control.js";
import { type FrameHeader, tagValue } from "./wire/header.js";

const DEFAULTS: RequestOptions = {};
const LINGER_US = 1_000_000;
const settled = Promise.resolve();

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
  readonly #port: Port;
  readonly #options: ConnectionOptions;
  readonly #session: Session;
  readonly #questions: PeerQuestions;
  readonly #metrics: ConnectionMetrics | undefined;
  readonly #bornUs: number;
  readonly #deliveryPort: DeliveryPort;
  readonly #pumps = new Map<Transfer, BodyPump>();
  /** Deliveries whose handler returned a promise. */
  readonly #working = new Set<Inbound>();
  readonly #onOpen: (connection: Connection) => void;
  readonly #onGoingAway = new Set<() => void>();
  readonly #flushLater: () => void;
  #negotiated: Negotiated | undefined;
  #flushScheduled = false;
  #scheduledUs = 0;
  #handling = false;
  #handlingUs = 0;
  #writable = true;
  #paused = false;
  #portClosed = false;
  #timer: Timer | undefined;
  #timerAtUs = Number.POSITIVE_INFINITY;
  #lingerTimer: Timer | undefined;
  #nextChannel: number;
  #defaultChannel: number | undefined;
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
    this.#port = portOf(transport);
    this.#options = options;
    this.#onOpen = onOpen;
    this.#nextChannel = role === "initiator" ? 1 : 2;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const config = resolveSessionConfig(options, role, this.#port);
    const onStream = options.onStream;
    this.#session = new Session(config, this.#now(), {
      ...(onStream && { wantsStream: (header) => guarded(() => onStream(header)) }),
      wake: () => this.#flushSoon(),
    });
    const { telemetry } = options;
    this.#bornUs = this.#now();
    if (telemetry !== undefined) this.#metrics = new ConnectionMetrics(telemetry, this.#session);
    this.#questions = new PeerQuestions(this, options, (question, answer) => {
      this.#session.answer(this.#now(), question, answer);
      this.#flushSoon();
    });
    this.#deliveryPort = {
      connection: this,
      ask: (inbound, question) => {
        this.#session.ask(this.#now(), inbound, question);
        this.#flushSoon();
      },
      acknowledge: (inbound) => {
        this.#session.acknowledge(this.#now(), inbound);
        this.#flushSoon();
      },
    };
    this.#flushLater = () => {
      this.#flushScheduled = false;
      this.#flush(this.#scheduledUs);
    };
    this.#session.start(this.#now());
    this.#port.open({
      data: (bytes) => this.#onData(bytes, "kept"),
      lentData: (bytes) => this.#onData(bytes, "lent"),
      drain: () => this.#onDrain(),
      end: () => this.#onEnd(),
      close: (error) => this.#onClose(error),
    });
    this.#flush();
  }

  /** What both ends agreed on. */
  get negotiated(): Negotiated {
    const negotiated = this.#negotiated;
    if (negotiated === undefined) throw new TypeError("the connection is not open yet");
    return negotiated;
  }

  /** What the transport knows about the peer. */
  get info(): TransportInfo {
    return this.#port.info;
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
    return this.#call(message, options, "reply") as Promise<IncomingMessage>;
  }

  /**
   * Sends a message that wants no reply; resolves when it is handed to the transport, or, with `acknowledge`, when the
   * peer has accepted it.
   *
   * @throws XcpError as {@link Connection.request}
   */
  async send(message: OutgoingMessage, options: RequestOptions = DEFAULTS): Promise<void> {
    await this.#call(message, options, "nothing");
  }

  /** Takes a channel that was not used yet: odd ones belong to the initiator. spec/xcp.md §7 */
  openChannel(): number {
    const channel = this.#nextChannel;
    this.#nextChannel += 2;
    return channel;
  }

  /**
   * Measures the way to the peer and back, in microseconds.
   *
   * @throws WireError `wire.closed`
   */
  ping(): Promise<number> {
    return this.#command((owner) => this.#session.ping(this.#now(), owner));
  }

  /**
   * Changes codecs or the frame limit for the rest of the connection, below what the handshake agreed.
   *
   * @throws XcpError the peer's refusal, or why the terms go too far
   */
  async negotiate(terms: NegotiableTerms): Promise<void> {
    await this.#command((owner) => this.#session.negotiate(this.#now(), terms, owner));
  }

  /** Gives back early what a message lent: memory that its sender keeps for it. spec/xcp.md §16.3 */
  release(release: Release, channelId = 0): void {
    this.#session.releaseLease(this.#now(), release, channelId);
    this.#flushSoon();
  }

  /** Tells the peer what about its message is not supported. */
  unsupported(body: Unsupported, channelId = 0): void {
    this.#session.unsupported(this.#now(), body, channelId);
    this.#flushSoon();
  }

  /** Calls `listener` once when the peer announces that it takes no new requests. */
  onGoingAway(listener: () => void): void {
    this.#onGoingAway.add(listener);
  }

  /** Ends in order: no new requests, those under way finish, at most 5 s. Resolves when the connection is gone. */
  async close(options: CloseOptions = {}): Promise<void> {
    this.#goingAway = true;
    this.#session.close(this.#now(), options.reason);
    this.#flush();
    await this.closed;
  }

  /** Drops the connection at once; everything under way fails. With an error the peer is told before. */
  destroy(error?: WireError): void {
    this.#session.destroy(this.#now(), error);
    this.#flush();
    if (error === undefined) this.#port.destroy();
  }

  /** What the connection did so far and holds now. */
  stats(): ConnectionStats {
    return this.#session.stats(this.#now());
  }

  // While events are handled time stands still: one look at the clock serves all of them.
  #now(): number {
    return this.#handling ? this.#handlingUs : this.#options.platform.time.nowUs();
  }

  #call(
    message: OutgoingMessage,
    options: RequestOptions,
    wants: "reply" | "nothing",
  ): Promise<IncomingMessage | undefined> {
    return new Promise((resolve, reject) => {
      const call = new PendingCall(resolve, reject);
      const { body } = message;
      if (body instanceof Uint8Array || this.#negotiated?.profile === "v0.2") {
        this.#submit(message, options, wants, call);
        return;
      }
      gatherBody(body, this.#negotiated?.maxFrameBytes ?? 0)
        .then((whole) => this.#submit({ ...message, body: whole }, options, wants, call))
        .catch((error: unknown) => call.reject(asWireError(error, "wire.cancelled")));
    });
  }

  #submit(
    message: OutgoingMessage,
    options: RequestOptions,
    wants: "reply" | "nothing",
    call: PendingCall,
  ): void {
    const { signal, timeoutMs, onMsgId } = options;
    if (signal?.aborted === true) throw cancelled(signal);
    this.#defaultChannel ??= this.openChannel();
    const nowUs = this.#now();
    const transfer = this.#session.submit(nowUs, message, {
      channelId: message.channelId ?? this.#defaultChannel,
      wants,
      acknowledge: options.acknowledge,
      timeoutUs: timeoutMs === undefined ? undefined : timeoutMs * 1000,
      attempts: options.attempts,
      msgId: options.resumeMsgId,
    });
    transfer.owner = call;
    if (this.#options.telemetry !== undefined) call.span = this.#span("xcp.request", transfer);
    if (signal !== undefined) {
      call.watch(signal, () => {
        this.#session.cancel(this.#now(), transfer, cancelled(signal));
        this.#flushSoon();
      });
    }
    if (onMsgId !== undefined) {
      call.onMsgId = onMsgId;
      onMsgId(transfer.msgId);
    }
    const { body } = message;
    if (!(body instanceof Uint8Array)) this.#pump(transfer, body[Symbol.asyncIterator]());
    this.#flushSoon(nowUs);
  }

  #span(
    name: string,
    header: Pick<FrameHeader, "msgType" | "channelId" | "tags">,
  ): Span | undefined {
    const labels = { msg_type: String(header.msgType), channel: String(header.channelId) };
    const traceparent = tagValue(header.tags, ReservedTag.TRACEPARENT);
    return this.#options.telemetry?.tracer.start(name, labels, traceparent);
  }

  #command(start: (owner: Waiter) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      start({ resolve, reject });
      this.#flushSoon();
    });
  }

  #onData(bytes: Uint8Array, memory: "kept" | "lent"): void {
    const nowUs = this.#now();
    this.#session.receive(nowUs, bytes, memory);
    this.#flush(nowUs);
  }

  #onDrain(): void {
    this.#writable = true;
    this.#flush();
  }

  #onEnd(): void {
    this.#session.receiveEnd(this.#now());
    this.#flush();
  }

  #onClose(error: WireError | undefined): void {
    if (this.#portClosed) return;
    this.#portClosed = true;
    this.#session.receiveClose(this.#now(), error);
    this.#flush();
    this.#dispose();
  }

  // Everything that is asked for in one turn of the event loop leaves in one write.
  #flushSoon(nowUs = this.#now()): void {
    if (this.#flushScheduled || this.#handling) return;
    this.#flushScheduled = true;
    this.#scheduledUs = nowUs;
    void settled.then(this.#flushLater);
  }

  #flush(nowUs = this.#now()): void {
    // Handlers run inside; what they ask for is seen by the loop below.
    if (this.#handling) return;
    this.#handlingUs = nowUs;
    this.#handling = true;
    try {
      const session = this.#session;
      do {
        for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
          this.#handle(event);
        }
        this.#transmit(nowUs);
      } while (session.hasEvents);
    } finally {
      this.#handling = false;
    }
    this.#applyBackPressure();
    if (this.#metrics !== undefined && nowUs >= this.#metrics.dueUs && !this.#portClosed) {
      this.#metrics.report(nowUs, "open");
    }
    this.#armTimer(nowUs);
  }

  #transmit(nowUs: number): void {
    while (this.#writable && !this.#portClosed && this.#session.hasOutput(nowUs)) {
      const parts = this.#session.transmit(nowUs);
      if (parts === undefined) return;
      this.#writable = this.#port.write(parts);
    }
  }

  #applyBackPressure(): void {
    const pause = this.#session.wantsPause;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#port.pause();
    else this.#port.resume();
  }

  // A timer that fires too early costs less than one that is moved with every message.
  #armTimer(nowUs: number): void {
    let dueUs = this.#session.nextDeadlineUs();
    if (this.#metrics !== undefined) dueUs = Math.min(dueUs, this.#metrics.dueUs);
    if (dueUs >= this.#timerAtUs) return;
    this.#timer?.cancel();
    this.#timerAtUs = dueUs;
    const { time } = this.#options.platform;
    this.#timer = time.schedule(Math.max(0, dueUs - nowUs), () => {
      this.#timerAtUs = Number.POSITIVE_INFINITY;
      this.#session.tick(this.#now());
      this.#flush();
    });
  }

  #handle(event: SessionEvent): void {
    switch (event.kind) {
      case "messageReceived":
        this.#deliver(event);
        return;
      case "replied":
        this.#metrics?.answered(this.#now() - event.transfer.startedUs);
        (event.transfer.owner as PendingCall | undefined)?.resolve(event.reply);
        this.#unpump(event.transfer);
        return;
      case "delivered":
        (event.transfer.owner as PendingCall | undefined)?.resolve(undefined);
        this.#unpump(event.transfer);
        return;
      case "failed":
        (event.transfer.owner as PendingCall | undefined)?.reject(event.error);
        this.#unpump(event.transfer);
        return;
      case "renumbered":
        (event.transfer.owner as PendingCall | undefined)?.onMsgId?.(event.transfer.msgId);
        return;
      case "bodyWanted":
        this.#pumps.get(event.transfer)?.poke();
        return;
      case "chunkReceived":
        this.#sinkOf(event.inbound).push(event.bytes);
        return;
      case "streamEnded":
        this.#sinkOf(event.inbound).end();
        return;
      case "streamAborted":
        this.#sinkOf(event.inbound).abort(event.error);
        return;
      case "clarifyAsked":
      case "confirmAsked":
        this.#questions.asked(event);
        return;
      case "clarified":
      case "confirmed":
        deliveryOf(event.inbound)?.answered(event.response);
        return;
      case "questionFailed":
        deliveryOf(event.inbound)?.unanswered(event.error);
        return;
      case "superseded":
        deliveryOf(event.inbound)?.cancel(new XcpError("xcp.cancelled", "answered already"));
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
        this.#metrics?.opened(this.#now() - this.#bornUs);
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
        this.#linger("normally");
        return;
      case "closed":
        this.#onSessionClosed(event.error);
    }
  }

  #deliver(inbound: Inbound): void {
    const { handler } = this.#options;
    if (handler === undefined) {
      this.#refuse(inbound, new XcpError("xcp.app_unavailable", "nobody handles messages here"));
      return;
    }
    const delivery = new Delivery(this.#deliveryPort, inbound);
    inbound.owner = delivery;
    if (this.#options.telemetry !== undefined) {
      delivery.span = this.#span("xcp.handle", inbound.message);
    }
    try {
      const result = handler(inbound.message, delivery);
      if (isThenable(result)) this.#await(inbound, result);
      else this.#reply(inbound, result);
    } catch (error) {
      this.#refuse(inbound, error);
    }
  }

  #await(inbound: Inbound, result: PromiseLike<OutgoingMessage | undefined>): void {
    this.#working.add(inbound);
    result.then(
      (message) => this.#reply(inbound, message),
      (error: unknown) => this.#refuse(inbound, error),
    );
  }

  #reply(inbound: Inbound, message: OutgoingMessage | undefined): void {
    this.#working.delete(inbound);
    if (message !== undefined && !(message.body instanceof Uint8Array)) {
      this.#replyStreamed(inbound, message, message.body);
      return;
    }
    this.#session.reply(this.#now(), inbound, message);
    deliveryOf(inbound)?.span?.end();
    this.#flushSoon();
  }

  // The first piece is read before the reply begins: a body that fails at once becomes a refusal.
  #replyStreamed(
    inbound: Inbound,
    message: OutgoingMessage,
    body: AsyncIterable<Uint8Array>,
  ): void {
    if (this.#negotiated?.profile !== "v0.2") {
      const gathered = gatherBody(body, this.#negotiated?.maxFrameBytes ?? 0);
      this.#await(
        inbound,
        gathered.then((whole) => ({ ...message, body: whole })),
      );
      return;
    }
    const iterator = body[Symbol.asyncIterator]();
    const begin = (first: IteratorResult<Uint8Array>): void => {
      this.#working.delete(inbound);
      const transfer = this.#session.reply(this.#now(), inbound, message);
      deliveryOf(inbound)?.span?.end();
      if (transfer !== undefined) this.#pump(transfer, iterator, first);
      this.#flushSoon();
    };
    this.#working.add(inbound);
    iterator.next().then(begin, (error: unknown) => this.#refuse(inbound, error));
  }

  #refuse(inbound: Inbound, thrown: unknown): void {
    this.#working.delete(inbound);
    this.#session.refuse(this.#now(), inbound, refusalFrom(thrown));
    deliveryOf(inbound)?.span?.end(thrown);
    this.#flushSoon();
  }

  #pump(
    transfer: Transfer,
    iterator: AsyncIterator<Uint8Array>,
    first?: IteratorResult<Uint8Array>,
  ): void {
    if (!(transfer.body instanceof BodySource)) return;
    const pump = new BodyPump(transfer, transfer.body, {
      push: (to, piece) => {
        this.#session.pushBody(this.#now(), to, piece);
        this.#flushSoon();
      },
      end: (to) => {
        this.#session.endBody(this.#now(), to);
        this.#flushSoon();
      },
      cancel: (to, error) => {
        this.#session.cancel(this.#now(), to, error);
        this.#flushSoon();
      },
    });
    this.#pumps.set(transfer, pump);
    void pump.run(iterator, first);
  }

  #unpump(transfer: Transfer): void {
    if (this.#pumps.size === 0) return;
    const pump = this.#pumps.get(transfer);
    this.#pumps.delete(transfer);
    pump?.poke();
  }

  #sinkOf(inbound: Inbound): SinkPump {
    if (inbound.sink instanceof SinkPump) return inbound.sink;
    const pump = new SinkPump(inbound.sink as StreamSink, {
      released: (bytes) => {
        this.#session.release(this.#now(), inbound, bytes);
        this.#flushSoon();
      },
      finished: (reply) => {
        if (inbound.replyTo === undefined) this.#reply(inbound, reply);
      },
      failed: (error) => {
        if (inbound.replyTo === undefined) this.#refuse(inbound, error);
      },
    });
    inbound.sink = pump;
    return pump;
  }

  #judge(hello: Parameters<NonNullable<ConnectionOptions["verifyAuth"]>>[0]["hello"]): void {
    const decide = (allowed: boolean): void => {
      this.#session.authorize(this.#now(), allowed ? "allowed" : "refused");
      this.#flushSoon();
    };
    try {
      const verdict = this.#options.verifyAuth?.({ auth: hello.auth, hello, info: this.info });
      if (isThenable(verdict))
        verdict.then(
          (value) => decide(value),
          () => decide(false),
        );
      else decide(verdict === true);
    } catch {
      decide(false);
    }
  }

  #onSessionClosed(error: WireError | undefined): void {
    this.#error = error;
    const reason = error ?? new XcpError("xcp.going_away", "the connection was closed");
    // A session that can be resumed lets its handlers finish: the peer may come back for the result.
    const resumable =
      this.#session.memory.sessionId !== undefined && this.#options.sessions !== undefined;
    for (const inbound of this.#working) {
      if (!resumable) deliveryOf(inbound)?.cancel(reason);
    }
    this.#linger(error === undefined ? "normally" : "because of an error");
  }

  // The last frames are written before the transport is dropped.
  #linger(how: "normally" | "because of an error"): void {
    if (this.#portClosed) return;
    const end = (): void => {
      if (this.#portClosed) return;
      this.#port.end(how);
      const { time } = this.#options.platform;
      this.#lingerTimer ??= time.schedule(LINGER_US, () => this.#port.destroy());
    };
    void settled.then(end);
  }

  #dispose(): void {
    this.#timer?.cancel();
    this.#lingerTimer?.cancel();
    this.#timerAtUs = Number.NEGATIVE_INFINITY;
    this.#metrics?.report(this.#now(), "closed");
    this.#session.dispose(this.#now());
    this.#resolveClosed(this.#error);
  }
}

/**
 * Opens a connection over a transport: resolves when the handshake is done.
 *
 * The transport belongs to the connection from now on, whatever the outcome.
 *
 * @throws XcpError why the handshake failed
 * @throws WireError `wire.closed` when the peer ended it
 */
export function openConnection(
  transport: ByteStream | MessagePipe,
  role: Role,
  options: ConnectionOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let connection: Connection;
    try {
      connection = new Connection(transport, role, options, resolve);
    } catch (error) {
      transport.destroy();
      reject(asWireError(error));
      return;
    }
    void connection.closed.then((error) =>
      reject(error ?? new XcpError("xcp.going_away", "the connection was closed")),
    );
  });
}

function deliveryOf(inbound: Inbound): Delivery | undefined {
  return inbound.owner instanceof Delivery ? inbound.owner : undefined;
}

function cancelled(signal: AbortSignal): XcpError {
  return new XcpError("xcp.cancelled", "cancelled by its sender", { cause: signal.reason });
}

// A callback of the application must not break the connection.
function guarded<T>(callback: () => T): T | undefined {
  try {
    return callback();
  } catch {
    return undefined;
  }
}
