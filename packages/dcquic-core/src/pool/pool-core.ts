import type { RandomSource, Span, Timers, Tracer } from "@proj/wire-types";
import type { CallLatency } from "../metrics/call-latency.js";
import type { PatternName } from "../stream/pattern-rules.js";
import { Acceptors } from "./acceptors.js";
import type { CallOptions, PayloadProtection } from "./call-options.js";
import { PayloadSender } from "./payload-sender.js";
import type { PoolBackend, Route, RouteStats } from "./pool-backend.js";

/** Numbers of a pool. */
export interface PoolStats {
  /** Calls that were begun and are not over. */
  readonly openCalls: number;
  /** Calls that ended in order. */
  readonly succeeded: number;
  /** Calls that failed. */
  readonly failed: number;
  /** Calls by pattern, since the start. */
  readonly byPattern: Readonly<Record<PatternName, number>>;
  /** Streams of both sides that live. */
  readonly streams: number;
  /** Messages that wait because tables are full. */
  readonly waiting: number;
  /** Messages that had to wait, since the start. */
  readonly waited: number;
  /** Bytes that buffers take. */
  readonly bufferBytes: number;
  /** How paths come about; absent where nobody dials, as in a simulator. */
  readonly routes?: RouteStats;
}

/** 0 to 7, where a call says nothing. */
export const DEFAULT_PRIORITY = 3;

/** What the handles on one pool share. */
export class PoolCore {
  /** Engines and paths. */
  readonly backend: PoolBackend;
  /** How payloads are protected that say nothing themselves. */
  readonly protection: PayloadProtection;
  /** Starts spans of streams, where there is one. */
  readonly tracer: Tracer | undefined;
  /** Is told how long calls take, where anyone asked. */
  readonly latency: CallLatency | undefined;
  /** Who answers calls of peers. */
  readonly acceptors: Acceptors;
  /** Whether no more calls are admitted. */
  isClosed = false;
  /** Handles that are not closed. */
  handles = 1;
  readonly #byPattern: Record<PatternName, number> = {
    unary: 0,
    streamingResponse: 0,
    streamingRequest: 0,
    bidirectional: 0,
    rawBulk: 0,
  };
  #open = 0;
  #succeeded = 0;
  #failed = 0;

  /** Serves calls over a backend. */
  constructor(parts: Pick<PoolCore, "backend" | "latency" | "protection" | "tracer">) {
    this.backend = parts.backend;
    this.acceptors = new Acceptors(parts.backend);
    this.protection = parts.protection;
    this.tracer = parts.tracer;
    this.latency = parts.latency;
  }

  /** Timers for what belongs to no peer. */
  get timers(): Timers {
    return this.backend.mainPort.timers;
  }

  /** The time of what belongs to no peer; µs. */
  get nowUs(): number {
    return this.backend.mainPort.nowUs;
  }

  /** Randomness for jitter. */
  get random(): RandomSource {
    return this.backend.mainPort.random;
  }

  /** What prepares the payloads of calls over a route. Priority, inlining and protection are those of the pool if absent. */
  sender(
    { port, senders }: Route,
    options: Pick<CallOptions, "inline" | "priority" | "protection">,
  ): PayloadSender {
    const { priority = DEFAULT_PRIORITY, inline = "auto", protection = this.protection } = options;
    const index = 4 * priority + (inline === "auto" ? 0 : 2) + (protection === "record" ? 0 : 1);
    const known = senders[index];
    if (known !== undefined) return known;
    const { inlineMaxBytes } = this.backend;
    const sender = new PayloadSender(port, { priority, inline, protection, inlineMaxBytes });
    senders[index] = sender;
    return sender;
  }

  /** Counts a call that begins. */
  began(pattern: PatternName): void {
    this.#byPattern[pattern] += 1;
    this.#open += 1;
  }

  /** Counts its end. */
  ended(error: unknown): void {
    this.#open -= 1;
    if (error === undefined) this.#succeeded += 1;
    else this.#failed += 1;
  }

  /** Starts a span named after the pattern, if there is a tracer. */
  span(pattern: PatternName, peer: string, traceparent: string | undefined): Span | undefined {
    return this.tracer?.start(`dcquic.${pattern}`, { peer }, traceparent);
  }

  /** The pool's numbers. */
  get stats(): PoolStats {
    const { layers, mainPort, routeStats } = this.backend;
    return {
      openCalls: this.#open,
      succeeded: this.#succeeded,
      failed: this.#failed,
      byPattern: { ...this.#byPattern },
      streams: layers.reduce((sum, { size }) => sum + size, 0),
      waiting: layers.reduce((sum, { waiting }) => sum + waiting, 0),
      waited: layers.reduce((sum, { waited }) => sum + waited, 0),
      bufferBytes: mainPort.buffers.usedBytes,
      ...(routeStats === undefined ? {} : { routes: routeStats }),
    };
  }
}
