import { DcquicCodes, DcquicError } from "../errors.js";
import { Status } from "../engine/status.js";
import type { PathId } from "../engine/events.js";
import type { Opener } from "../stream/openings.js";
import type { PatternName } from "../stream/pattern-rules.js";
import type { Stream, StreamHandlers, StreamOutcome } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { attractions, openingOf } from "./call-opening.js";
import { CallGuard, type Guarded } from "./call-guard.js";
import { CallExtras } from "./call-extras.js";
import type { CallOptions, Payload } from "./call-options.js";
import type { CallParts, CallUse } from "./call-use.js";
import { Eventual } from "./eventual.js";
import type { Message } from "./message.js";
import { shownHeaders } from "./header-block.js";
import { awaitForeign, workerOf } from "./foreign-dependencies.js";
import { outcomeError } from "./outcome-error.js";
import type { ReadyPayload } from "./payload-sender.js";
import { DEFAULT_PRIORITY, type PoolCore } from "./pool-core.js";
import type { Route } from "./pool-backend.js";
import { backoffUs, mayRepeatAfter } from "./repetition.js";
import { endAnswer, takeAnswer } from "./single-answer.js";
import { traceparentOf } from "./traceparent.js";

const NOTHING = new Uint8Array(0);
const NO_OPTIONS: CallOptions = {};

/** What became of a call so far. */
const Mark = { Waiting: 1, Opened: 2, NoHeaders: 4, Over: 8 } as const;

/**
 * One call of this side, whatever its pattern: finds the way, opens the stream, keeps deadline and signal, and repeats what
 * may be repeated. A call that is nothing but its answer is the promise of it, too: whatever waits is copied by the collector,
 * object by object.
 *
 * @see spec/dcquic.md §24, D-30
 */
export class CallCore extends Eventual<Message> implements StreamHandlers, Opener, Guarded {
  // As few as can be: thousands of calls wait at a time, and what waits is copied by the collector.
  readonly #core: PoolCore;
  readonly #peer: string;
  readonly #payload: Payload | undefined;
  readonly #options: CallOptions;
  // Absent where it is unary: what comes back is the one answer that this is the promise of.
  readonly #use: CallUse | undefined;
  // Until the call is over: a call that waited is old by then, and whatever old objects refer to outlives its use.
  #stream: Stream | undefined;
  #route: Route | undefined;
  #marks = 0;
  #extras: CallExtras | undefined;

  /** Begins a call: what comes back is for `use`, whose pattern it has. */
  constructor(parts: CallParts, use?: CallUse) {
    super();
    const { core, options } = parts;
    this.#core = core;
    this.#peer = parts.peer;
    this.#payload = parts.payload;
    this.#options = options;
    this.#use = use;
    const { deadlineMs, signal } = options;
    core.began(this.#pattern);
    if (core.latency !== undefined) this.#more.startedUs = core.nowUs;
    if (deadlineMs !== undefined || signal !== undefined) {
      this.#more.guard = new CallGuard(core.timers, options, this);
    }
    if (signal?.aborted === true) this.cancel();
    else this.#start();
  }

  /** The answerer's header block; `undefined` if it has none. */
  get answerHeaders(): Promise<Uint8Array | undefined> {
    return this.#more.headersTold(this.#is(Mark.NoHeaders), this.isOver);
  }

  /** The call's token, once it was announced; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#more.tokenTold(this.#is(Mark.Opened), this.isOver);
  }

  /** Ends the call with a status of §15, or of the application from 256 on; harmless when it is over. */
  cancel(status: number = Status.Cancelled, reason = ""): void {
    if (this.isOver) return;
    if (this.#stream === undefined || this.#stream.outcome !== undefined) {
      this.#finish({ status, reason, rootCause: undefined });
    } else this.#stream.abort(status, reason);
  }

  /** Whether nothing of it will happen any more. */
  get isOver(): boolean {
    return this.#is(Mark.Over);
  }

  admitted(path: PathId): void {
    const route = this.#route;
    try {
      if (route !== undefined) this.#openOn(path, route, this.#leaveQueue());
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
    const shown = shownHeaders(block);
    if (shown === undefined) this.#marks |= Mark.NoHeaders;
    else this.#more.block ??= shown;
    this.#extras?.answerHeaders?.resolve(shown);
  }

  readable(): void {
    if (this.#stream === undefined) return;
    if (this.#use === undefined) takeAnswer(this, this.#stream);
    else this.#use.readable(this.#stream);
  }

  writable(): void {
    this.#use?.writable();
  }

  stopped(): void {
    this.#use?.stopped();
  }

  opened(): void {
    const token = this.#stream?.token;
    this.#marks |= Mark.Opened;
    if (token !== undefined) this.#more.tokenId = token;
    this.#extras?.token?.resolve(token);
    const route = this.#route;
    const { tracer } = this.#core;
    if (tracer === undefined || this.#extras?.span !== undefined || route === undefined) return;
    const parent = token === undefined ? undefined : traceparentOf(route, "own", token);
    this.#more.span = this.#core.span(this.#pattern, route.peer, parent);
  }

  closed(outcome: StreamOutcome): void {
    const isUntouched = outcome.isUntaken === true && !this.isOver && !this.#isAnswered;
    if (isUntouched || this.#mayRepeat(outcome.status)) this.#repeat();
    else this.#finish(outcome);
  }

  #start(): void {
    const core = this.#core;
    if (core.isClosed) return this.#finish(goingAway());
    try {
      const route = core.backend.route(this.#peer, attractions(this.#options.after));
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
    if (this.isOver) return;
    const payload = this.#payload;
    const sender = this.#core.sender(route, this.#options);
    const isReady = payload instanceof Uint8Array && sender.takesAsIs(payload);
    if (isReady || payload === undefined) return this.#send(route, undefined);
    try {
      const ready = sender.prepare(payload);
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
    const foreign = this.#options.after?.filter((each) => workerOf(each) !== route.worker);
    if (foreign === undefined || foreign.length === 0) return this.#sendNow(route, first);
    awaitForeign(this.#core.backend.layers, foreign, (failed) => {
      if (failed === undefined || this.isOver) return this.#sendNow(route, first);
      first?.taken?.();
      const rootCause = failed.token;
      this.#finish({ status: Status.DependencyFailed, reason: "", rootCause });
    });
  }

  #sendNow(route: Route, first: ReadyPayload | undefined): void {
    if (this.isOver) {
      first?.taken?.();
      return;
    }
    const { path, layer } = route;
    // What waits for other calls must not have those wait that do not.
    const isBound = (this.#options.after?.length ?? 0) > 0;
    this.#route = route;
    if (isBound || layer.mayOpen(path, this.#priority, this)) {
      return this.#openOn(path, route, first);
    }
    if (first !== undefined) this.#more.first = first;
    this.#marks |= Mark.Waiting;
  }

  #openOn(path: PathId, route: Route, first: ReadyPayload | undefined): void {
    const options = this.#options;
    const stream = route.layer.open(path, {
      pattern: this.#pattern,
      priority: this.#priority,
      ordered: options.ordered ?? true,
      handlers: this,
      queue: options.queue,
    });
    this.#stream = stream;
    const { headers = NOTHING } = options;
    const payload = this.#payload;
    const message = first ?? (payload instanceof Uint8Array ? { payload } : undefined);
    const needsBlock = message === undefined || headers.length > 0;
    if (needsBlock) stream.send(openingOf(route, options, { payload: headers }, "headers"));
    if (message !== undefined) {
      stream.send(openingOf(route, needsBlock ? NO_OPTIONS : options, message, "message"));
    }
    if (stream.outcome !== undefined) return;
    this.#use?.began(stream, this.#core.sender(route, options));
  }

  // Gives up its place in the queue, if it has one.
  #leave(): void {
    if (!this.#is(Mark.Waiting)) return;
    this.#leaveQueue()?.taken?.();
    const route = this.#route;
    if (this.isOver) route?.layer.gaveUp(route.path, this.#priority);
  }

  // Waits no more; returns what was to be sent first.
  #leaveQueue(): ReadyPayload | undefined {
    this.#marks &= ~Mark.Waiting;
    const extras = this.#extras;
    const first = extras?.first;
    if (extras !== undefined) extras.first = undefined;
    return first;
  }

  #is(mark: number): boolean {
    return (this.#marks & mark) !== 0;
  }

  get #pattern(): PatternName {
    return this.#use?.pattern ?? "unary";
  }

  get #priority(): number {
    return this.#options.priority ?? DEFAULT_PRIORITY;
  }

  get #isAnswered(): boolean {
    return this.#use?.isAnswered ?? this.isSettled;
  }

  #mayRepeat(status: number): boolean {
    if (this.isOver || this.#core.isClosed || this.#isAnswered) return false;
    return mayRepeatAfter(status, this.#extras?.retries ?? 0, this.#options);
  }

  #repeat(): void {
    const { timers, random } = this.#core;
    const extras = this.#more;
    const delayUs = backoffUs(extras.retries, random);
    extras.retries += 1;
    extras.retryTimer = timers.schedule(delayUs, () => this.#start());
  }

  #fail(error: unknown): void {
    const { code } =
      error instanceof DcquicError ? error : { code: "dcquic.local_resource" as const };
    const info = DcquicCodes[code];
    if ("wire" in info && this.#mayRepeat(info.wire)) this.#repeat();
    else this.#end(error);
  }

  #finish(outcome: StreamOutcome): void {
    if (outcome.status === Status.Ok) return this.#end(undefined);
    const facts = { peer: this.#peer, stream: this.#stream?.id, token: this.#stream?.token };
    this.#end(outcomeError(outcome, facts));
  }

  #end(error: unknown): void {
    if (this.isOver) return;
    this.#marks |= Mark.Over;
    this.#leave();
    this.#stream = undefined;
    this.#route = undefined;
    const core = this.#core;
    core.ended(error);
    const extras = error === undefined ? this.#extras : this.#more;
    extras?.end(core, this.#pattern, this.#priority, error);
    if (this.#use === undefined) endAnswer(this, error);
    else this.#use.over(error);
  }

  get #more(): CallExtras {
    this.#extras ??= new CallExtras();
    return this.#extras;
  }
}

function goingAway(): StreamOutcome {
  return { status: Status.GoingAway, reason: "the pool is closed", rootCause: undefined };
}
