import type { Timers } from "@proj/wire-types";
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
import type { MapProgram } from "../map/map-program.js";
import { CallQueue } from "./call-queue.js";

/** What becomes of calls while there is no session. */
export interface OutagePolicy {
  /** `queue` keeps them for the next session, `fail` refuses them. Default `queue`. */
  readonly calls?: "queue" | "fail" | undefined;
  /** Calls that are kept; further ones are refused. Default 1 000. */
  readonly maxQueued?: number | undefined;
  /** Milliseconds that a call is kept. Default: as long as it takes. */
  readonly maxWaitMs?: number | undefined;
}

/**
 * The peer's object in whichever session there is: one stub that survives reconnects. A call is
 * made at most once: what was in flight when a session ended fails with it, and what was given up
 * while it was kept is not made.
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
  readonly #queue: CallQueue;
  /** Never known until the end: whoever wants to hear of that is registered with it. */
  readonly #lifetime = new PendingCapability();
  readonly #lifetimeHook: Hook = new Hook(this.#lifetime);
  #live: Hook | undefined;
  #refusal: { readonly reason: unknown } | undefined;
  #over: { readonly reason: unknown } | undefined;

  /** Starts waiting. `released` hears that the last stub is gone. */
  constructor(policy: OutagePolicy, timers: Timers, released: () => void) {
    super();
    this.#policy = policy;
    this.#released = released;
    const { maxQueued = 1000, maxWaitMs } = policy;
    this.#queue = new CallQueue({ maxQueued, maxWaitMs }, timers);
  }

  override get standsFor(): Capability {
    return this.#live?.capability.standsFor ?? this;
  }

  /** Stands for `target` from now on, which it takes over; kept calls are made first, in order. */
  use(target: Hook): void {
    if (this.#over !== undefined) return target.dispose();
    this.wait();
    this.#queue.make(target);
    this.#live = target;
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
    this.#queue.fail(reason);
    this.#lifetime.settle(failedHook(reason));
  }

  /** Refuses new calls with `reason` while those under way go on. */
  refuse(reason: unknown): void {
    this.#refusal ??= { reason };
  }

  override call(path: Path, args: Payload): Hook {
    const target = this.#target();
    if (target !== undefined) return target.call(path, args);
    args.own();
    return this.#queue.keep(
      (later) => later.call(path, args),
      () => args.dispose(),
    );
  }

  override get(path: Path): Hook {
    const target = this.#target();
    if (target !== undefined) return target.get(path);
    return this.#queue.keep(
      (later) => later.get(path),
      () => undefined,
    );
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    const target = this.#target();
    if (target !== undefined) return target.map(path, captures, program);
    return this.#queue.keep(
      (later) => later.map(path, captures, program),
      () => {
        for (const capture of captures) capture.dispose();
      },
    );
  }

  override pull(sink: PullSink): void {
    sink.rejected(new Error("Tried to resolve a non-promise stub."));
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    return this.#lifetime.onBroken(callback);
  }

  override destroy(): void {
    this.wait();
    this.#released();
    this.#lifetimeHook.dispose();
  }

  /** Answers what a call goes to now; `undefined` where it is to be kept. */
  #target(): Hook | undefined {
    const refused = this.#over ?? this.#refusal;
    if (refused !== undefined) return failedHook(refused.reason);
    if (this.#live !== undefined) return this.#live;
    if (this.#policy.calls !== "fail") return undefined;
    return failedHook(new CapnwebError("capnweb.not_connected", "there is no connection"));
  }
}
