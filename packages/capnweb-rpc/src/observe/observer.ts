import {
  type Clock,
  type Counter,
  formatHex,
  type Gauge,
  type Histogram,
  type RandomSource,
  silentTelemetry,
  type Telemetry,
} from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { ConnectionOptions } from "../connect/connection.js";
import type { RpcSession } from "../session/rpc-session.js";
import type { SessionHooks } from "../session/session-hooks.js";
import { type CallInfo, type CallOutcome, reasonOf } from "./call-info.js";
import { MethodLabels } from "./method-labels.js";
import { SessionObserver } from "./session-observer.js";

/**
 * What may be chosen for an observer. What the hooks throw is reported as unhandled and disturbs no
 * call; log, meter, tracer and transcript must not throw.
 */
export interface ObserverOptions extends Partial<Telemetry> {
  /** A call begins, on either side. */
  readonly onCallStart?: ((call: CallInfo) => void) | undefined;
  /** A call has been answered, or never will be. */
  readonly onCallEnd?: ((call: CallInfo, outcome: CallOutcome) => void) | undefined;
  /**
   * Carries out what the peer asked for, inside `run`: where a host has contexts that follow. A call
   * whose arguments hold promises is made later, in the context of the message that brings the last.
   */
  readonly around?: ((call: CallInfo, run: () => void) => void) | undefined;
  /** Answers the `traceparent` under which the application makes its next call. */
  readonly currentTrace?: (() => string | undefined) | undefined;
  /** For debugging: hears of every message with its payload. */
  readonly transcript?: ((direction: "in" | "out", message: unknown) => void) | undefined;
  /** Methods with metrics of their own; further ones are counted as `(other)`. Default 200. */
  readonly maxMethods?: number | undefined;
  /** The clock; the host's where absent. */
  readonly clock?: Clock | undefined;
  /** What ids are drawn from; the host's where absent. */
  readonly random?: RandomSource | undefined;
}

/** What may be chosen for one observed session. */
export interface ObservedSession {
  /** Names the session in logs; drawn where absent. */
  readonly sessionId?: string | undefined;
  /** Whether both ends have agreed to tell each other where calls belong. */
  readonly exchangeTraces?: boolean | undefined;
}

/** Upper bounds of the latency histogram in seconds: a local call to a slow query. */
const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What all observed sessions report to. */
export interface Instruments {
  readonly started: Counter;
  readonly finished: Counter;
  readonly latency: Histogram;
  readonly messages: Counter;
  readonly bytes: Counter;
}

/**
 * Looks on at sessions: counts and times their calls, logs their failures, continues traces. A
 * session without {@link Observer.hooks} pays nothing. spec/capnweb.md §20.9
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #instruments: Instruments;
  readonly #sessionCount: Gauge;
  readonly #entries: Gauge;
  readonly #streamBytes: Gauge;
  readonly #reconnects: Counter;
  readonly #pings: Histogram;
  readonly #sessions = new Set<Pick<RpcSession, "getStats" | "waitingStreamBytes">>();
  readonly #random: RandomSource;
  readonly #labels: MethodLabels;

  /** Reports to nobody that is not named in `options`. */
  constructor(options: ObserverOptions = {}) {
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    this.#labels = new MethodLabels(options.maxMethods ?? 200);
    const meter = options.meter ?? silentTelemetry.meter;
    const call = ["side", "method"];
    this.#instruments = {
      started: meter.counter({
        name: "capnweb_calls_started_total",
        help: "Calls, property reads and mappers that began.",
        labels: call,
      }),
      finished: meter.counter({
        name: "capnweb_calls_total",
        help: "Calls, property reads and mappers that ended.",
        labels: [...call, "outcome"],
      }),
      latency: meter.histogram({
        name: "capnweb_call_latency_seconds",
        help: "Time from a call to its answer.",
        labels: call,
        buckets: LATENCY_BUCKETS,
      }),
      messages: meter.counter({
        name: "capnweb_messages_total",
        help: "Messages by direction and type.",
        labels: ["direction", "type"],
      }),
      bytes: meter.counter({
        name: "capnweb_message_bytes_total",
        help: "UTF-8 bytes of messages of text.",
        labels: ["direction"],
      }),
    };
    this.#sessionCount = meter.gauge({ name: "capnweb_sessions", help: "Live observed sessions." });
    this.#entries = meter.gauge({
      name: "capnweb_table_entries",
      help: "Live entries of all sessions.",
      labels: ["table"],
    });
    this.#streamBytes = meter.gauge({
      name: "capnweb_stream_bytes",
      help: "Bytes, estimated, written to streams and not taken up, of all sessions.",
    });
    this.#reconnects = meter.counter({
      name: "capnweb_reconnects_total",
      help: "Connections that were lost and are being opened again.",
    });
    this.#pings = meter.histogram({
      name: "capnweb_ping_seconds",
      help: "Round trips of answered pings.",
      buckets: LATENCY_BUCKETS,
    });
  }

  /** Makes what is to be attached to one new session. */
  hooks(session: ObservedSession = {}): SessionHooks {
    const sessionId = session.sessionId ?? formatHex(this.#random.fill(new Uint8Array(8)));
    return {
      tap: new SessionObserver({
        options: this.#options,
        clock: this.#options.clock ?? systemTime,
        random: this.#random,
        instruments: this.#instruments,
        labels: this.#labels,
        sessionId,
        exchangeTraces: session.exchangeTraces ?? false,
      }),
    };
  }

  /** Includes a session in {@link Observer.sample} until it ends. */
  watch<T>(session: RpcSession<T>): void {
    this.#sessions.add(session);
    session.getRemoteMain().onRpcBroken(() => this.#sessions.delete(session));
  }

  /** Brings the gauges up to date: to be called before they are read. */
  sample(): void {
    let imports = 0;
    let exports = 0;
    let streamBytes = 0;
    for (const session of this.#sessions) {
      const stats = session.getStats();
      imports += stats.imports;
      exports += stats.exports;
      streamBytes += session.waitingStreamBytes;
    }
    this.#sessionCount.set(this.#sessions.size);
    this.#entries.set(imports, { table: "imports" });
    this.#entries.set(exports, { table: "exports" });
    this.#streamBytes.set(streamBytes);
  }

  /** What a connection is given so that it is observed too. @see ConnectionOptions */
  connection(): Required<Pick<ConnectionOptions, "onState" | "onPing">> {
    const log = this.#options.log ?? silentTelemetry.log;
    return {
      onPing: (ms) => this.#pings.observe(ms / 1000),
      onState: (state) => {
        if (state.kind === "reconnecting") this.#reconnects.add(1);
        const level = state.kind === "reconnecting" || state.kind === "closed" ? "warn" : "info";
        const why = "reason" in state ? reasonOf(state.reason) : undefined;
        log.log({ level, event: "capnweb.connection_state", fields: { state: state.kind, why } });
      },
    };
  }
}
