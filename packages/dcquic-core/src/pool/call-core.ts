import type { Span, Timer } from "@proj/wire-types";
import { DcquicCodes, DcquicError } from "../errors.js";
import { Status } from "../engine/status.js";
import type { PathId } from "../engine/events.js";
import type { Opener } from "../stream/openings.js";
import type { PatternName } from "../stream/pattern-rules.js";
import type { Stream, StreamHandlers, StreamOutcome } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { attractions, openingOf } from "./call-opening.js";
import { CallGuard, type Guarded } from "./call-guard.js";
import type { CallOptions } from "./call-options.js";
import type { CallParts, CallUse } from "./call-use.js";
import { Eventual } from "./eventual.js";
import { shownHeaders } from "./header-block.js";
import { awaitForeign, workerOf } from "./foreign-dependencies.js";
import { outcomeError } from "./outcome-error.js";
import type { ReadyPayload } from "./payload-sender.js";
import { DEFAULT_PRIORITY } from "./pool-core.js";
import type { Route } from "./pool-backend.js";
import { backoffUs, mayRepeatAfter } from "./repetition.js";
import { traceparentOf } from "./traceparent.js";

const NOTHING = new Uint8Array(0);
const NO_OPTIONS: CallOptions = {};
const IN_ORDER = { error: undefined };

/**
 * One call of this side, whatever its pattern: finds the way, opens the stream, keeps deadline and signal, and repeats what
 * may be repeated.
 *
 * @see spec/dcquic.md §24, D-30
 */
export class CallCore implements StreamHandlers, Opener, Guarded {
  readonly #parts: CallParts;
  readonly #pattern: PatternName;
  readonly #use: CallUse;
  // Until the call is over: a call that waited is old by then, and whatever old objects refer to outlives its use.
  #stream: Stream | undefined;
  #guard: CallGuard | undefined;
  #retryTimer: Timer | undefined;
  #span: Span | undefined;
  #retries = 0;
  #startedUs = 0;
  #route: Route | undefined;
  // What is sent first, while the call waits for its turn.
  #first: ReadyPayload | undefined;
  #isWaiting = false;
  #block: Uint8Array | undefined;
  #isOpened = false;
  #tokenId: Id64 | undefined;
  #over: { readonly error: unknown } | undefined;
  // Made for who asks: most calls have no headers and are not tracked.
  #answerHeaders: Eventual<Uint8Array | undefined> | undefined;
  #token: Eventual<Id64 | undefined> | undefined;

  /** Begins a call of `pattern`; what comes back is for `use`. */
  constructor(parts: CallParts, pattern: PatternName, use: CallUse) {
    this.#parts = parts;
    this.#pattern = pattern;
    this.#use = use;
    const { deadlineMs, signal } = parts.options;
    parts.core.began(pattern);
    if (parts.core.latency !== undefined) this.#startedUs = parts.core.nowUs;
    if (deadlineMs !== undefined || signal !== undefined) {
      this.#guard = new CallGuard(parts.core.timers, parts.options, this);
    }
    if (signal?.aborted === true) this.cancel();
    else this.#start();
  }

  /** The answerer's header block; `undefined` if it has none. */
  get answerHeaders(): Promise<Uint8Array | undefined> {
    if (this.#answerHeaders === undefined) {
      this.#answerHeaders = new Eventual();
      if (this.#block !== undefined) this.#answerHeaders.resolve(shownHeaders(this.#block));
      else if (this.#over !== undefined) settle(this.#answerHeaders, this.#over.error);
    }
    return this.#answerHeaders.promise;
  }

  /** The call's token, once it was announced; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    if (this.#token === undefined) {
      this.#token = new Eventual();
      if (this.#isOpened) this.#token.resolve(this.#tokenId);
      else if (this.#over !== undefined) settle(this.#token, this.#over.error);
    }
    return this.#token.promise;
  }

  /** Ends the call with a status of §15, or of the application from 256 on; harmless when it is over. */
  cancel(status: number = Status.Cancelled, reason = ""): void {
    if (this.#over !== undefined) return;
    if (this.#stream === undefined || this.#stream.outcome !== undefined) {
      this.#finish({ status, reason, rootCause: undefined });
    } else this.#stream.abort(status, reason);
  }

  /** Whether nothing of it will happen any more. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  admitted(path: PathId): void {
    const [route, first] = [this.#route, this.#first];
    this.#isWaiting = false;
    this.#first = undefined;
    try {
      if (route !== undefined) this.#openOn(path, route, first);
    } catch (error) {
      this.#fail(error);
    }
  }

  turnedAway(outcome: StreamOutcome): void {
    this.#leave();
    this.closed(outcome);
  }

  expired(): void {
    this.cancel(Status.Deadline);
  }

  aborted(): void {
    this.cancel();
  }

  headers(block: Uint8Array): void {
    this.#block ??= block;
    this.#answerHeaders?.resolve(shownHeaders(block));
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

  opened(): void {
    const { core } = this.#parts;
    const token = this.#stream?.token;
    this.#isOpened = true;
    this.#tokenId = token;
    this.#token?.resolve(token);
    const route = this.#route;
    if (core.tracer === undefined || this.#span !== undefined || route === undefined) return;
    const parent = token === undefined ? undefined : traceparentOf(route.credentialId, token);
    this.#span = core.span(this.#pattern, route.peer, parent);
  }

  closed(outcome: StreamOutcome): void {
    const isUntouched =
      outcome.isUntaken === true && this.#over === undefined && !this.#use.isAnswered;
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
    if (this.#over !== undefined) return;
    const { core, payload, options } = this.#parts;
    const sender = core.sender(route, options);
    try {
      const ready = payload === undefined ? undefined : sender.prepare(payload);
      if (ready instanceof Promise) {
        ready.then(
          (prepared) => this.#send(route, prepared),
          (error: unknown) => this.#fail(error),
        );
      } else this.#send(route, ready);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(route: Route, first: ReadyPayload | undefined): void {
    const foreign = this.#parts.options.after?.filter((each) => workerOf(each) !== route.worker);
    if (foreign === undefined || foreign.length === 0) return this.#sendNow(route, first);
    awaitForeign(this.#parts.core.backend.layers, foreign, (failed) => {
      if (failed === undefined || this.#over !== undefined) return this.#sendNow(route, first);
      first?.taken?.();
      const rootCause = failed.token;
      this.#finish({ status: Status.DependencyFailed, reason: "", rootCause });
    });
  }

  #sendNow(route: Route, first: ReadyPayload | undefined): void {
    if (this.#over !== undefined) {
      first?.taken?.();
      return;
    }
    const { path, layer } = route;
    // What waits for other calls must not have those wait that do not.
    const isBound = (this.#parts.options.after?.length ?? 0) > 0;
    this.#route = route;
    if (isBound || layer.mayOpen(path, this.#priority, this)) {
      return this.#openOn(path, route, first);
    }
    this.#first = first;
    this.#isWaiting = true;
  }

  #openOn(path: PathId, route: Route, first: ReadyPayload | undefined): void {
    const { core, options } = this.#parts;
    const stream = route.layer.open(path, {
      pattern: this.#pattern,
      priority: this.#priority,
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
    if (stream.outcome === undefined) this.#use.began(stream, core.sender(route, options));
  }

  // Gives up its place in the queue, if it has one.
  #leave(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#first?.taken?.();
    this.#first = undefined;
    const route = this.#route;
    if (this.isOver) route?.layer.gaveUp(route.path, this.#priority);
  }

  get #priority(): number {
    return this.#parts.options.priority ?? DEFAULT_PRIORITY;
  }

  #mayRepeat(status: number): boolean {
    const { options, core } = this.#parts;
    if (this.#over !== undefined || core.isClosed || this.#use.isAnswered) return false;
    return mayRepeatAfter(status, this.#retries, options);
  }

  #repeat(): void {
    const { timers, random } = this.#parts.core;
    const delayUs = backoffUs(this.#retries, random);
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
    if (this.#over !== undefined) return;
    this.#over = error === undefined ? IN_ORDER : { error };
    this.#leave();
    this.#stream = undefined;
    this.#route = undefined;
    this.#guard?.dismiss();
    this.#retryTimer?.cancel();
    const { core } = this.#parts;
    core.ended(error);
    core.latency?.ended({
      pattern: this.#pattern,
      priority: this.#priority,
      tookUs: core.nowUs - this.#startedUs,
      error,
    });
    this.#span?.end(error);
    if (this.#token !== undefined && error !== undefined) this.#token.reject(error);
    if (this.#answerHeaders !== undefined) settle(this.#answerHeaders, error);
    this.#use.over(error);
  }
}

function settle<T>(eventual: Eventual<T | undefined>, error: unknown): void {
  if (error === undefined) eventual.resolve(undefined);
  else eventual.reject(error);
}

function goingAway(): StreamOutcome {
  return { status: Status.GoingAway, reason: "the pool is closed", rootCause: undefined };
}
