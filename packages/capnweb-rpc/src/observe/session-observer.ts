import { type Clock, type RandomSource, type Span, utf8Length } from "@proj/wire-types";
import type { SessionTap } from "../session/session-hooks.js";
import { type CallInfo, type CallOutcome, readCall, readError, reasonOf } from "./call-info.js";
import type { MethodLabels } from "./method-labels.js";
import type { Instruments, ObserverOptions } from "./observer.js";
import { childTrace, formatTraceparent, parseTraceparent } from "./trace-context.js";
import { reportFailure } from "../session/report-failure.js";

/** What the observer of one session works with. */
export interface SessionObserverParts {
  readonly options: ObserverOptions;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly instruments: Instruments;
  readonly labels: MethodLabels;
  readonly sessionId: string;
  readonly exchangeTraces: boolean;
}

interface OpenCall {
  readonly info: CallInfo;
  readonly startUs: number;
  readonly span: Span | undefined;
}

/** The messages of the protocol: any other type is counted as `unknown`. */
const TYPES: ReadonlySet<unknown> = new Set([
  "push",
  "pull",
  "resolve",
  "reject",
  "release",
  "stream",
  "pipe",
  "abort",
]);

/**
 * Follows the calls of one session by its messages. Both sides count pushes, streams and pipes alike,
 * so the number of a call is known on either without being sent. spec/capnweb.md §3.1, §20.9
 */
export class SessionObserver implements SessionTap {
  readonly #parts: SessionObserverParts;
  readonly #made = new Map<number, OpenCall>();
  readonly #served = new Map<number, OpenCall>();
  #lastMade = 0;
  #lastServed = 0;

  /** The session begins. */
  constructor(parts: SessionObserverParts) {
    this.#parts = parts;
    this.#log("info", "capnweb.session_opened", () => ({}));
  }

  /** @see SessionTap.sending */
  sending(message: readonly unknown[]): string | undefined {
    const [type, first, second] = message;
    this.#count("out", type);
    switch (type) {
      case "push":
      case "stream": {
        const call = this.#begin("client", ++this.#lastMade, first, this.#outgoingTrace());
        return type === "push" && this.#parts.exchangeTraces ? call?.info.traceparent : undefined;
      }
      case "pipe":
        this.#lastMade++;
        return undefined;
      case "resolve":
      case "reject":
        this.#end(this.#served, first, type, second);
        return undefined;
      case "release":
        this.#end(this.#made, first, "released", undefined);
        return undefined;
      default:
        return undefined;
    }
  }

  /** @see SessionTap.received */
  received(message: unknown, handle: () => void): void {
    const [type, first, second] = (Array.isArray(message) ? message : []) as readonly unknown[];
    this.#count("in", type);
    switch (type) {
      case "push":
      case "stream": {
        const told = this.#parts.exchangeTraces && type === "push" ? second : undefined;
        const context = parseTraceparent(told);
        const traceparent = context === undefined ? undefined : formatTraceparent(context);
        const call = this.#begin("server", ++this.#lastServed, first, traceparent);
        const { around } = this.#parts.options;
        if (call === undefined || around === undefined) return handle();
        let carriedOut = false;
        const carryOut = (): void => {
          if (!carriedOut) handle();
          carriedOut = true;
        };
        return this.#inside(() => around(call.info, carryOut), carryOut);
      }
      case "pipe":
        this.#lastServed++;
        break;
      case "resolve":
      case "reject":
        this.#end(this.#made, first, type, second);
        break;
      case "release":
        this.#end(this.#served, first, "released", undefined);
        break;
      default:
    }
    handle();
  }

  /** @see SessionTap.carried */
  carried(direction: "in" | "out", message: unknown): void {
    if (typeof message === "string") {
      this.#parts.instruments.bytes.add(utf8Length(message), { direction });
    }
    this.#parts.options.transcript?.(direction, message);
  }

  /** @see SessionTap.ended */
  ended(reason: unknown): void {
    for (const calls of [this.#made, this.#served]) {
      for (const id of calls.keys()) this.#end(calls, id, "lost", undefined);
    }
    this.#log("info", "capnweb.session_ended", () => ({ why: reasonOf(reason) }));
  }

  /** Lets the application look on: its mistakes are reported, and disturb no call. */
  #tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      reportFailure(error, "An observer threw:");
    }
  }

  /** A message is carried out even where the application's context fails to do so. */
  #inside(around: () => void, carryOut: () => void): void {
    this.#tell(around);
    carryOut();
  }

  /** A call of ours belongs to a trace where anybody would see it. */
  #outgoingTrace(): string | undefined {
    const { options, random, exchangeTraces } = this.#parts;
    if (!exchangeTraces && options.tracer === undefined && options.currentTrace === undefined) {
      return undefined;
    }
    const parent = parseTraceparent(options.currentTrace?.());
    return formatTraceparent(childTrace(parent, random));
  }

  #begin(
    side: CallInfo["side"],
    id: number,
    expression: unknown,
    traceparent: string | undefined,
  ): OpenCall | undefined {
    const read = readCall(expression);
    if (read === undefined) return undefined;
    const { options, sessionId, clock, instruments } = this.#parts;
    const requestId = `${sessionId}/${side}/${id}`;
    const info: CallInfo = { requestId, sessionId, side, ...read, traceparent };
    const span = options.tracer?.start(
      `capnweb ${read.method}`,
      { side, method: read.method, request_id: requestId },
      traceparent,
    );
    const call = { info, startUs: clock.nowUs(), span };
    (side === "client" ? this.#made : this.#served).set(id, call);
    instruments.started.add(1, { side, method: this.#parts.labels.of(read.method) });
    this.#log("debug", "capnweb.call_started", () => fieldsOf(info));
    this.#tell(() => options.onCallStart?.(info));
    return call;
  }

  #end(
    calls: Map<number, OpenCall>,
    id: unknown,
    how: "resolve" | "reject" | "released" | "lost",
    expression: unknown,
  ): void {
    const call = calls.get(id as number);
    if (call === undefined) return;
    calls.delete(id as number);
    const { instruments, clock, options } = this.#parts;
    const { info, span, startUs } = call;
    const { side } = info;
    const method = this.#parts.labels.of(info.method);
    const seconds = (clock.nowUs() - startUs) / 1_000_000;
    const error = how === "reject" ? readError(expression) : undefined;
    const outcome = how === "resolve" ? "ok" : how === "reject" ? "error" : how;
    instruments.finished.add(1, { side, method, outcome });
    if (outcome === "ok" || outcome === "error")
      instruments.latency.observe(seconds, { side, method });
    span?.end(error === undefined ? undefined : new Error(error.code ?? error.name));
    this.#log(error === undefined ? "debug" : "warn", "capnweb.call_ended", () => ({
      ...fieldsOf(info),
      outcome,
      seconds,
      error: error?.name,
      code: error?.code,
    }));
    const ended: CallOutcome = { outcome, seconds, error };
    this.#tell(() => options.onCallEnd?.(info, ended));
  }

  #count(direction: "in" | "out", type: unknown): void {
    const known = TYPES.has(type) ? (type as string) : "unknown";
    this.#parts.instruments.messages.add(1, { direction, type: known });
  }

  #log(
    level: "debug" | "info" | "warn",
    event: string,
    fields: () => Readonly<Record<string, string | number | undefined>>,
  ): void {
    const { options, sessionId } = this.#parts;
    options.log?.log({ level, event, fields: { session: sessionId, ...fields() } });
  }
}

function fieldsOf({
  requestId,
  side,
  kind,
  method,
  traceparent,
}: CallInfo): Readonly<Record<string, string | undefined>> {
  return { request: requestId, side, kind, method, traceparent };
}
