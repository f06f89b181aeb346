import type { ByteStream, MessagePipe, Timer, TransportInfo, WireError } from "@proj/wire-types";
import { ConnectionMetrics } from "./connection-metrics.js";
import type { ConnectionOptions, Role } from "./connection-options.js";
import { type Port, portOf } from "./port.js";
import { resolveSessionConfig } from "./session-config.js";
import { Session } from "./session.js";
import type { SessionEvent } from "./session-events.js";
import type { FrameHeader } from "./wire/header.js";

const LINGER_US = 1_000_000;
const settled = Promise.resolve();

/** What a {@link SessionDriver} is made with besides the options of its connection. */
export interface SessionDriverParts {
  readonly role: Role;
  /** Whether a message is to be taken in pieces, and into what. Must not throw. */
  readonly wantsStream: ((header: FrameHeader) => unknown) | undefined;
  /** Takes the session's news, one by one. */
  handle(event: SessionEvent): void;
  /** The transport is gone and the session was told. */
  gone(): void;
}

/**
 * Moves bytes between a session and its transport, and keeps the session's one timer.
 *
 * Everything that is asked for in one turn of the event loop leaves in one write.
 */
export class SessionDriver {
  readonly #port: Port;
  readonly #parts: SessionDriverParts;
  readonly #time: ConnectionOptions["platform"]["time"];
  readonly #flushLater: () => void;
  /** The session that is driven. */
  readonly session: Session;
  /** Reports what the connection does, where anybody wants to know. */
  readonly metrics: ConnectionMetrics | undefined;
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

  constructor(
    transport: ByteStream | MessagePipe,
    options: ConnectionOptions,
    parts: SessionDriverParts,
  ) {
    this.#port = portOf(transport);
    this.#parts = parts;
    this.#time = options.platform.time;
    const config = resolveSessionConfig(options, parts.role, this.#port);
    this.session = new Session(config, this.now(), {
      ...(parts.wantsStream && { wantsStream: parts.wantsStream }),
      wake: () => this.flushSoon(),
    });
    const { telemetry } = options;
    if (telemetry !== undefined) this.metrics = new ConnectionMetrics(telemetry, this.session);
    this.#flushLater = () => {
      this.#flushScheduled = false;
      this.flush(this.#scheduledUs);
    };
  }

  /** What the transport knows about the peer. */
  get info(): TransportInfo {
    return this.#port.info;
  }

  /** Begins, once the owner is ready for news. */
  start(): void {
    this.session.start(this.now());
    this.#port.open({
      data: (bytes) => this.#onData(bytes, "kept"),
      lentData: (bytes) => this.#onData(bytes, "lent"),
      released: (parts) => this.session.released(parts),
      drain: () => this.#onDrain(),
      end: () => this.#onEnd(),
      close: (error) => this.#onClose(error),
    });
    this.flush();
  }

  /** The time. While events are handled it stands still: one look at the clock serves all of them. */
  now(): number {
    return this.#handling ? this.#handlingUs : this.#time.nowUs();
  }

  /** Flushes at the end of this turn of the event loop. */
  flushSoon(nowUs: number = this.now()): void {
    if (this.#flushScheduled || this.#handling) return;
    this.#flushScheduled = true;
    this.#scheduledUs = nowUs;
    void settled.then(this.#flushLater);
  }

  /** Hands out the session's news and writes what it has to send. */
  flush(nowUs: number = this.now()): void {
    // Handlers run inside; what they ask for is seen by the loop below.
    if (this.#handling) return;
    this.#handlingUs = nowUs;
    this.#handling = true;
    try {
      const { session } = this;
      do {
        for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
          this.#parts.handle(event);
        }
        this.#transmit(nowUs);
      } while (session.hasEvents);
    } finally {
      this.#handling = false;
    }
    this.#applyBackPressure();
    if (this.metrics !== undefined && nowUs >= this.metrics.dueUs && !this.#portClosed) {
      this.metrics.report(nowUs, "open");
    }
    this.#armTimer(nowUs);
  }

  /** Ends the transport after the last frames were written. */
  linger(how: "normally" | "because of an error"): void {
    if (this.#portClosed) return;
    const end = (): void => {
      if (this.#portClosed) return;
      this.#port.end(how);
      this.#lingerTimer ??= this.#time.schedule(LINGER_US, () => this.#port.destroy());
    };
    void settled.then(end);
  }

  /** Drops the transport at once. */
  drop(): void {
    this.#port.destroy();
  }

  #onData(bytes: Uint8Array, memory: "kept" | "lent"): void {
    const nowUs = this.now();
    this.session.receive(nowUs, bytes, memory);
    this.flush(nowUs);
  }

  #onDrain(): void {
    this.#writable = true;
    this.flush();
  }

  #onEnd(): void {
    this.session.receiveEnd(this.now());
    this.flush();
  }

  #onClose(error: WireError | undefined): void {
    if (this.#portClosed) return;
    this.#portClosed = true;
    this.session.receiveClose(this.now(), error);
    this.flush();
    this.#timer?.cancel();
    this.#lingerTimer?.cancel();
    this.#timerAtUs = Number.NEGATIVE_INFINITY;
    this.metrics?.report(this.now(), "closed");
    this.session.dispose(this.now());
    this.#parts.gone();
  }

  #transmit(nowUs: number): void {
    while (this.#writable && !this.#portClosed && this.session.hasOutput(nowUs)) {
      const parts = this.session.transmit(nowUs);
      if (parts === undefined) return;
      this.#writable = this.#port.write(parts);
    }
  }

  #applyBackPressure(): void {
    const pause = this.session.wantsPause;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#port.pause();
    else this.#port.resume();
  }

  // A timer that fires too early costs less than one that is moved with every message.
  #armTimer(nowUs: number): void {
    let dueUs = this.session.nextDeadlineUs();
    if (this.metrics !== undefined) dueUs = Math.min(dueUs, this.metrics.dueUs);
    if (dueUs >= this.#timerAtUs) return;
    this.#timer?.cancel();
    this.#timerAtUs = dueUs;
    this.#timer = this.#time.schedule(Math.max(0, dueUs - nowUs), () => {
      this.#timerAtUs = Number.POSITIVE_INFINITY;
      this.session.tick(this.now());
      this.flush();
    });
  }
}
