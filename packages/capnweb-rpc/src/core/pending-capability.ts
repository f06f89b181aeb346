import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  failedHook,
  Hook,
  noPrimitive,
  type Path,
  type PullSink,
  type Unregister,
} from "./hook.js";
import type { Payload } from "./payload.js";

interface BrokenRegistration {
  readonly callback: (reason: unknown) => void;
  unregister: Unregister | undefined;
}

/**
 * A result that is not known yet. What is asked of it waits, and is answered in the order asked:
 * while the queue empties, new questions still go to its end. spec/capnweb.md §7.1
 */
export class PendingCapability extends Capability {
  readonly #queue: ((resolution: Hook) => void)[] = [];
  readonly #registrations = new Set<BrokenRegistration>();
  readonly #pulls = new Set<PullSink>();
  #resolution: Hook | undefined;
  #settled = false;

  /** Makes known what the result is; takes over `resolution`. Only the first counts. */
  settle(resolution: Hook): void {
    if (this.#resolution !== undefined || this.references === 0) {
      resolution.dispose();
      return;
    }
    this.#resolution = resolution;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next(resolution);
    }
    this.#settled = true;
    for (const registration of this.#registrations) {
      registration.unregister = resolution.onBroken(registration.callback);
    }
  }

  override get primitive(): unknown {
    return this.#settled && this.#resolution !== undefined
      ? this.#resolution.primitive
      : noPrimitive;
  }

  override get standsFor(): Capability {
    return this.#resolution?.capability.standsFor ?? this;
  }

  override call(path: Path, args: Payload): Hook {
    if (this.#settled && this.#resolution !== undefined) return this.#resolution.call(path, args);
    args.own();
    return this.#later((resolution) => resolution.call(path, args));
  }

  override get(path: Path): Hook {
    if (this.#settled && this.#resolution !== undefined) return this.#resolution.get(path);
    return this.#later((resolution) => resolution.get(path));
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    if (this.#settled && this.#resolution !== undefined) {
      return this.#resolution.map(path, captures, program);
    }
    return this.#later((resolution) => resolution.map(path, captures, program));
  }

  override pull(sink: PullSink): void {
    if (this.#settled && this.#resolution !== undefined) return this.#resolution.pull(sink);
    this.#pulls.add(sink);
    this.#queue.push((resolution) => {
      this.#pulls.delete(sink);
      resolution.pull(sink);
    });
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    if (this.#settled && this.#resolution !== undefined) return this.#resolution.onBroken(callback);
    const registration: BrokenRegistration = { callback, unregister: undefined };
    this.#registrations.add(registration);
    return () => {
      this.#registrations.delete(registration);
      registration.unregister?.();
    };
  }

  /** Answers what the result turned out to be. */
  get resolution(): Hook | undefined {
    return this.#resolution;
  }

  override destroy(): void {
    this.#registrations.clear();
    if (this.#resolution !== undefined) return this.#resolution.dispose();
    for (const sink of this.#pulls) sink.rejected(canceledError());
    this.#pulls.clear();
  }

  /** Makes the answer to a question that has to wait. */
  protected answer(): PendingCapability {
    return new PendingCapability();
  }

  #later(ask: (resolution: Hook) => Hook): Hook {
    const answer = this.answer();
    const hook = new Hook(answer);
    // A call once made is made, whether or not its promise is disposed before it can be delivered.
    const kept = new Hook(this);
    this.#queue.push((resolution) => {
      kept.dispose();
      try {
        answer.settle(ask(resolution));
      } catch (error) {
        answer.settle(failedHook(error));
      }
    });
    return hook;
  }
}

/** The failure of what was awaited when its promise was disposed. spec/capnweb.md §8.1 */
export function canceledError(): Error {
  return new Error("RPC was canceled because the RpcPromise was disposed.");
}
