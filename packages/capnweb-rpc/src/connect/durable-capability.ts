import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  failedHook,
  Hook,
  type Path,
  type PullSink,
  type Unregister,
} from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import { PendingCapability } from "../core/pending-capability.js";
import { CapnwebError } from "../errors.js";

/** What becomes of calls while there is no session. */
export interface OutagePolicy {
  /** `queue` keeps them for the next session, `fail` refuses them. */
  readonly calls: "queue" | "fail";
  /** Calls that are kept; further ones are refused. */
  readonly maxQueued: number;
}

/**
 * The peer's object in whichever session there is: one stub that survives reconnects. A call is
 * made at most once: what was in flight when a session ended fails with it.
 *
 * ```
 * waiting ──use──▶ live ──wait──▶ waiting        either ──fail──▶ over
 * ```
 *
 * spec/capnweb.md §20.2
 */
export class DurableCapability extends Capability {
  readonly #policy: OutagePolicy;
  readonly #released: () => void;
  /** Never known until the end: whoever wants to hear of that is registered with it. */
  readonly #lifetime = new PendingCapability();
  readonly #lifetimeHook: Hook = new Hook(this.#lifetime);
  #live: Hook | undefined;
  #queue: { readonly pending: PendingCapability; readonly hook: Hook } | undefined;
  #queued = 0;
  #refusal: { readonly reason: unknown } | undefined;
  #over: { readonly reason: unknown } | undefined;

  /** Starts waiting. `released` hears that the last stub is gone. */
  constructor(policy: OutagePolicy, released: () => void) {
    super();
    this.#policy = policy;
    this.#released = released;
  }

  override get standsFor(): Capability {
    return this.#live?.capability.standsFor ?? this;
  }

  /** Stands for `target` from now on, which it takes over; kept calls are made, in order. */
  use(target: Hook): void {
    if (this.#over !== undefined) return target.dispose();
    this.#live?.dispose();
    this.#live = target;
    const queue = this.#queue;
    this.#queue = undefined;
    this.#queued = 0;
    queue?.pending.settle(target.dup());
    queue?.hook.dispose();
  }

  /** Waits for another session. */
  wait(): void {
    this.#live?.dispose();
    this.#live = undefined;
  }

  /** Ends for good: everything kept, and everything asked from now on, fails with `reason`. */
  fail(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { reason };
    this.wait();
    this.#queue?.pending.settle(failedHook(reason));
    this.#queue?.hook.dispose();
    this.#queue = undefined;
    this.#lifetime.settle(failedHook(reason));
  }

  /** Refuses new calls with `reason` while those under way go on. */
  refuse(reason: unknown): void {
    this.#refusal ??= { reason };
  }

  override call(path: Path, args: Payload): Hook {
    const target = this.#target();
    try {
      return target.call(path, args);
    } finally {
      if (target !== this.#live) target.dispose();
    }
  }

  override get(path: Path): Hook {
    return this.#ask((target) => target.get(path));
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    return this.#ask((target) => target.map(path, captures, program));
  }

  override pull(sink: PullSink): void {
    sink.rejected(new Error("Tried to resolve a non-promise stub."));
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    return this.#lifetime.onBroken(callback);
  }

  override destroy(): void {
    this.wait();
    this.#queue?.hook.dispose();
    this.#queue = undefined;
    this.#released();
    this.#lifetimeHook.dispose();
  }

  #ask(ask: (target: Hook) => Hook): Hook {
    const target = this.#target();
    const answer = ask(target);
    if (target !== this.#live) target.dispose();
    return answer;
  }

  /** Answers what a call goes to; it is the caller's unless it is the live session's. */
  #target(): Hook {
    const refused = this.#over ?? this.#refusal;
    if (refused !== undefined) return failedHook(refused.reason);
    if (this.#live !== undefined) return this.#live;
    if (this.#policy.calls === "fail") {
      return failedHook(new CapnwebError("capnweb.not_connected", "there is no connection"));
    }
    if (this.#queued >= this.#policy.maxQueued) {
      const message = `${this.#queued} calls wait for a connection already`;
      return failedHook(new CapnwebError("capnweb.queue_full", message));
    }
    this.#queued++;
    if (this.#queue === undefined) {
      const pending = new PendingCapability();
      this.#queue = { pending, hook: new Hook(pending) };
    }
    return this.#queue.hook.dup();
  }
}
