import type { Span, Timer } from "@proj/wire-types";
import { DcquicCodes, DcquicError } from "../errors.js";
import { DependencyKind } from "../causality/causality-map.js";
import type { After } from "../engine/announce-options.js";
import { Status } from "../engine/status.js";
import type { RouterDependency } from "../router/request-router.js";
import type { PatternName } from "../stream/pattern-rules.js";
import type { OutboundPayload, Stream, StreamHandlers, StreamOutcome } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import type { CallOptions, Dependency, Payload } from "./call-options.js";
import { Eventual } from "./eventual.js";
import { awaitForeign, workerOf } from "./foreign-dependencies.js";
import { outcomeError } from "./outcome-error.js";
import { PayloadSender, type ReadyPayload } from "./payload-sender.js";
import type { PoolCore } from "./pool-core.js";
import type { Route } from "./pool-backend.js";
import { traceparentOf } from "./traceparent.js";

/** What a pattern makes of a call's stream. */
export interface CallUse {
  /** The stream exists; its first message was sent. Called again for each repetition. */
  began(stream: Stream, sender: PayloadSender): void;
  /** There may be a message, or the answerer's end. */
  readable(stream: Stream): void;
  /** There is room to write again. */
  writable(): void;
  /** The answerer wants no more messages. */
  stopped(): void;
  /** The call is over; `error` says why if not in order. */
  over(error: unknown): void;
  /** Whether something of the answer was used, so that the call cannot be repeated. */
  readonly isAnswered: boolean;
}

/** What a call is made of. */
export interface CallParts {
  /** What the handles on the pool share. */
  readonly core: PoolCore;
  /** Whom it goes to. */
  readonly peer: string;
  /** What the caller chose. */
  readonly options: CallOptions;
  /** The opening message; absent where the opener sends any number of them. */
  readonly payload?: Payload;
}

const DEFAULT_PRIORITY = 3;
const DEFAULT_RETRIES = 4;
const FIRST_BACKOFF_US = 5000;
// Of the peer, or of the own worker that served it.
const STATE_LOST: ReadonlySet<number> = new Set([Status.PeerStateLost, Status.LocalResource]);
const NOTHING = new Uint8Array(0);
const NO_OPTIONS: CallOptions = {};

/**
 * One call of this side, whatever its pattern: finds the way, opens the stream, keeps deadline and signal, and repeats what
 * may be repeated.
 *
 * @see spec/dcquic.md §24, D-30
 */
export class CallCore implements StreamHandlers {
  /** The answerer's header block. */
  readonly answerHeaders: Eventual<Uint8Array | undefined> = new Eventual();
  /** The call's token. */
  readonly token: Eventual<Id64 | undefined> = new Eventual();
  readonly #parts: CallParts;
  readonly #pattern: PatternName;
  readonly #use: CallUse;
  #stream: Stream | undefined;
  #timer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #span: Span | undefined;
  #onAbort: (() => void) | undefined;
  #retries = 0;
  #startedUs = 0;
  #isOver = false;

  /** Begins a call of `pattern`; what comes back is for `use`. */
  constructor(parts: CallParts, pattern: PatternName, use: CallUse) {
    this.#parts = parts;
    this.#pattern = pattern;
    this.#use = use;
    const { deadlineMs, signal } = parts.options;
    parts.core.began(pattern);
    if (parts.core.latency !== undefined) this.#startedUs = parts.core.nowUs;
    if (deadlineMs !== undefined) {
      this.#timer = parts.core.timers.schedule(deadlineMs * 1000, () =>
        this.cancel(Status.Deadline),
      );
    }
    if (signal !== undefined) {
      this.#onAbort = (): void => this.cancel();
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    if (signal?.aborted === true) this.cancel();
    else this.#start();
  }

  /** Ends the call with a status of §15, or of the application from 256 on; harmless when it is over. */
  cancel(status: number = Status.Cancelled, reason = ""): void {
    if (this.#isOver) return;
    if (this.#stream === undefined || this.#stream.outcome !== undefined) {
      this.#finish({ status, reason, rootCause: undefined });
    } else this.#stream.abort(status, reason);
  }

  headers(block: Uint8Array): void {
    this.answerHeaders.resolve(block.length === 0 ? undefined : block);
  }

  readable(): void {
    if (this.#stream !== undefined) this.#use.readable(this.#stream);
  }

  writable(): void {
    this.#use.writable();
  }

  stopped(): void {
    this.#use.stopped();
  }

  closed(outcome: StreamOutcome): void {
    const isUntouched = outcome.isUntaken === true && !this.#isOver && !this.#use.isAnswered;
    if (isUntouched || this.#mayRepeat(outcome.status)) this.#repeat();
    else this.#finish(outcome);
  }

  #start(): void {
    const { core, peer } = this.#parts;
    if (core.isClosed) return this.#finish(goingAway());
    try {
      const route = core.backend.route(peer, attractions(this.#parts.options.after));
      if (route instanceof Promise) {
        route.then(
          (found) => this.#open(found),
          (error: unknown) => this.#fail(error),
        );
      } else this.#open(route);
    } catch (error) {
      this.#fail(error);
    }
  }

  #open(route: Route): void {
    if (this.#isOver) return;
    const { core, payload, options } = this.#parts;
    const sender = new PayloadSender(route.port, {
      priority: options.priority ?? DEFAULT_PRIORITY,
      inline: options.inline ?? "auto",
      protection: options.protection ?? core.protection,
      inlineMaxBytes: core.backend.inlineMaxBytes,
    });
    try {
      const ready = payload === undefined ? undefined : sender.prepare(payload);
      if (ready instanceof Promise) {
        ready.then(
          (prepared) => this.#send(route, sender, prepared),
          (error: unknown) => this.#fail(error),
        );
      } else this.#send(route, sender, ready);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(route: Route, sender: PayloadSender, first: ReadyPayload | undefined): void {
    const foreign = this.#parts.options.after?.filter((each) => workerOf(each) !== route.worker);
    if (foreign === undefined || foreign.length === 0) return this.#sendNow(route, sender, first);
    awaitForeign(this.#parts.core.backend.layers, foreign, (failed) => {
      if (failed === undefined || this.#isOver) return this.#sendNow(route, sender, first);
      first?.taken?.();
      const rootCause = failed.token;
      this.#finish({ status: Status.DependencyFailed, reason: "", rootCause });
    });
  }

  #sendNow(route: Route, sender: PayloadSender, first: ReadyPayload | undefined): void {
    if (this.#isOver) {
      first?.taken?.();
      return;
    }
    const { options } = this.#parts;
    const stream = route.layer.open(route.path, {
      pattern: this.#pattern,
      priority: options.priority ?? DEFAULT_PRIORITY,
      ordered: options.ordered ?? true,
      handlers: this,
      queue: options.queue,
    });
    this.#stream = stream;
    const { headers = NOTHING } = options;
    const needsBlock = first === undefined || headers.length > 0;
    if (needsBlock) stream.send(openingOf(route, options, { payload: headers }, "headers"));
    if (first !== undefined) {
      stream.send(openingOf(route, needsBlock ? NO_OPTIONS : options, first, "message"));
    }
    // The engine answers now where it runs on this thread; otherwise the token is known with the first event.
    if (stream.id === undefined) stream.onOpened = (): void => this.#opened(route, stream);
    else this.#opened(route, stream);
    if (stream.outcome === undefined) this.#use.began(stream, sender);
  }

  #opened({ peer, credentialId }: Route, { token }: Stream): void {
    const { core } = this.#parts;
    this.token.resolve(token);
    if (core.tracer === undefined || this.#span !== undefined) return;
    const parent = token === undefined ? undefined : traceparentOf(credentialId, token);
    this.#span = core.span(this.#pattern, peer, parent);
  }

  #mayRepeat(status: number): boolean {
    const { options, core } = this.#parts;
    if (this.#isOver || core.isClosed || this.#use.isAnswered) return false;
    if (this.#retries >= (options.maxRetries ?? DEFAULT_RETRIES)) return false;
    if (status === Status.Overloaded) return true;
    return options.idempotent === true && STATE_LOST.has(status);
  }

  #repeat(): void {
    const { timers, random } = this.#parts.core;
    const jitter = 0.5 + (random.fill(new Uint8Array(1))[0] ?? 0) / 256;
    const delayUs = FIRST_BACKOFF_US * 2 ** this.#retries * jitter;
    this.#retries += 1;
    this.#retryTimer = timers.schedule(delayUs, () => this.#start());
  }

  #fail(error: unknown): void {
    const { code } =
      error instanceof DcquicError ? error : { code: "dcquic.local_resource" as const };
    const info = DcquicCodes[code];
    if ("wire" in info && this.#mayRepeat(info.wire)) this.#repeat();
    else this.#end(error);
  }

  #finish(outcome: StreamOutcome): void {
    const { peer } = this.#parts;
    const facts = { peer, stream: this.#stream?.id, token: this.#stream?.token };
    this.#end(outcome.status === Status.Ok ? undefined : outcomeError(outcome, facts));
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#retryTimer?.cancel();
    const { options, core } = this.#parts;
    if (this.#onAbort !== undefined) options.signal?.removeEventListener("abort", this.#onAbort);
    core.ended(error);
    core.latency?.ended({
      pattern: this.#pattern,
      priority: options.priority ?? DEFAULT_PRIORITY,
      tookUs: core.nowUs - this.#startedUs,
      error,
    });
    this.#span?.end(error);
    if (error === undefined) this.answerHeaders.resolve(undefined);
    else {
      this.token.reject(error);
      this.answerHeaders.reject(error);
    }
    this.#use.over(error);
  }
}

function attractions(after: readonly Dependency[] = []): readonly RouterDependency[] | undefined {
  if (after.length === 0) return undefined;
  return after.map((each) => ({ worker: workerOf(each), cascades: each.cascade }));
}

// The first message of a call carries what its options say to acceptors, and to the order of calls on its worker.
function openingOf(
  { worker }: Route,
  { meta, after, track }: CallOptions,
  { payload, taken }: ReadyPayload,
  kind: "headers" | "message",
): OutboundPayload {
  return {
    payload,
    taken,
    isHeaders: kind === "headers",
    isLast: kind === "message",
    meta,
    after: after?.filter((each) => workerOf(each) === worker).map(kindOf),
    track,
  };
}

function kindOf({ token, wait, cascade }: Dependency): After {
  if (wait === "request") {
    return { token, kind: cascade ? DependencyKind.RequestCascade : DependencyKind.Request };
  }
  return { token, kind: cascade ? DependencyKind.ResponseCascade : DependencyKind.Response };
}

function goingAway(): StreamOutcome {
  return { status: Status.GoingAway, reason: "the pool is closed", rootCause: undefined };
}
