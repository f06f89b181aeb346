import type { Timer, Timers } from "@proj/wire-types";
import { failedHook, Hook, type PullSink } from "../core/hook.js";
import { PendingCapability } from "../core/pending-capability.js";
import { CapnwebError } from "../errors.js";

/** How many calls are kept, and for how long. */
export interface CallQueueLimits {
  /** Calls that are kept; further ones are refused. */
  readonly maxQueued: number;
  /** Milliseconds that a call is kept; `undefined` for as long as it takes. */
  readonly maxWaitMs: number | undefined;
}

/** The result of a call that is kept: knows whether whoever awaited it has given it up. */
class KeptAnswer extends PendingCapability {
  #awaited = false;

  override pull(sink: PullSink): void {
    this.#awaited = true;
    super.pull(sink);
  }

  /** A call whose promise was disposed without ever being awaited is wanted for what it does. */
  get givenUp(): boolean {
    return this.references === 0 && this.#awaited;
  }
}

interface KeptCall {
  readonly answer: KeptAnswer;
  readonly make: (target: Hook) => Hook;
  /** Frees what the call holds: it will not be made. */
  readonly discard: () => void;
  /** Fails it when it has waited too long. */
  readonly timer: Timer | undefined;
}

/** Calls that wait for a session, in order. */
export class CallQueue {
  readonly #limits: CallQueueLimits;
  readonly #timers: Timers;
  #calls: KeptCall[] = [];

  /** `timers` measure the wait. */
  constructor(limits: CallQueueLimits, timers: Timers) {
    this.#limits = limits;
    this.#timers = timers;
  }

  /** Keeps a call, and answers its result: a failed one where there is no room. */
  keep(make: (target: Hook) => Hook, discard: () => void): Hook {
    if (this.#calls.length >= this.#limits.maxQueued) this.#sweep();
    if (this.#calls.length >= this.#limits.maxQueued) {
      discard();
      const message = `${this.#calls.length} calls wait for a connection already`;
      return failedHook(new CapnwebError("capnweb.queue_full", message));
    }
    const answer = new KeptAnswer();
    const hook = new Hook(answer);
    const { maxWaitMs } = this.#limits;
    const timer =
      maxWaitMs === undefined
        ? undefined
        : this.#timers.schedule(maxWaitMs * 1000, () => this.#expire(call, maxWaitMs));
    const call: KeptCall = { answer, make, discard, timer };
    this.#calls.push(call);
    return hook;
  }

  /** Makes every call that is still wanted on `target`; those that are kept meanwhile come last. */
  make(target: Hook): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      call.timer?.cancel();
      if (call.answer.givenUp) call.discard();
      else call.answer.settle(attempt(call, target));
    }
  }

  /** Fails every call: there will be no session. */
  fail(reason: unknown): void {
    for (const call of this.#calls.splice(0)) {
      call.timer?.cancel();
      call.discard();
      call.answer.settle(failedHook(reason));
    }
  }

  #expire(call: KeptCall, maxWaitMs: number): void {
    this.#calls = this.#calls.filter((kept) => kept !== call);
    call.discard();
    const message = `no connection within ${maxWaitMs} ms`;
    call.answer.settle(failedHook(new CapnwebError("capnweb.not_connected", message)));
  }

  /** Makes room: what was given up is not made any more. */
  #sweep(): void {
    const wanted = this.#calls.filter(({ answer }) => !answer.givenUp);
    for (const call of this.#calls) {
      if (!call.answer.givenUp) continue;
      call.timer?.cancel();
      call.discard();
    }
    this.#calls = wanted;
  }
}

/** Arguments that cannot cross fail their own call alone. */
function attempt(call: KeptCall, target: Hook): Hook {
  try {
    return call.make(target);
  } catch (error) {
    return failedHook(error);
  }
}
