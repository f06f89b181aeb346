import type { MapProgram } from "../map/map-program.js";
import type { DropWatch } from "./drop-watch.js";
import type { Payload } from "./payload.js";

/** One step of a path: a member's name, or an index of an array. spec/capnweb.md §6.1 */
export type PathKey = string | number;
/** The way from a capability to one of its members. */
export type Path = readonly PathKey[];

/** What hears of a result, once: at the moment it is known, without a promise in between. */
export interface PullSink {
  /** The payload stays with the hook that was pulled. */
  resolved(payload: Payload): void;
  rejected(reason: unknown): void;
}

/** The answer of what is not known, or more than a primitive. */
export const noPrimitive: unique symbol = Symbol("no primitive");

/** Takes one registration back; harmless when repeated. */
export type Unregister = () => void;

/**
 * A capability, wherever it lives: here, at the peer, or not known yet. Shared by its hooks and
 * destroyed with the last of them.
 *
 * `call` and `map` consume their arguments and captures on every path, exceptions included.
 */
export abstract class Capability {
  /** How many hooks share it. Only {@link Hook} counts. */
  references = 0;
  /** Whether it is a promise of a peer that has not been answered. */
  get awaitsPeer(): boolean {
    return false;
  }

  /** Its value, where that is known and a primitive; {@link noPrimitive} otherwise. */
  get primitive(): unknown {
    return noPrimitive;
  }

  /** What it stands for by now: itself, unless it is a promise that has become something else. */
  get standsFor(): Capability {
    return this;
  }

  /** What the stub stands on that it has turned out to be. */
  get stub(): Hook | undefined {
    return undefined;
  }

  /** Finds promises of its results that the application drops. */
  get dropWatch(): DropWatch | undefined {
    return undefined;
  }

  /** Whether it guards a stream among arguments, which a result may hand on. */
  get guardsStream(): boolean {
    return false;
  }

  /** Calls the function at `path`. */
  abstract call(path: Path, args: Payload): Hook;
  /** Reads the member at `path`: never empty. */
  abstract get(path: Path): Hook;
  /** Applies recorded instructions to what is at `path`. spec/capnweb.md §10 */
  abstract map(path: Path, captures: readonly Hook[], program: MapProgram): Hook;
  /** Asks for the value. */
  abstract pull(sink: PullSink): void;
  /** Tells `callback` once when the capability becomes unusable for good. spec/capnweb.md §12.2 */
  abstract onBroken(callback: (reason: unknown) => void): Unregister;
  /** Frees what the capability holds: no hook is left. */
  abstract destroy(): void;
}

/** One reference to a capability, with a lifetime of its own. */
export class Hook {
  readonly #capability: Capability;
  #disposed = false;

  /** Takes a reference to `capability`. */
  constructor(capability: Capability) {
    this.#capability = capability;
    capability.references++;
  }

  /** What the hook refers to, disposed or not. */
  get capability(): Capability {
    return this.#capability;
  }

  /** @see Capability.primitive */
  get primitive(): unknown {
    return this.#disposed ? noPrimitive : this.#capability.primitive;
  }

  /** Whether {@link Hook.dispose} has been called. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** @see Capability.call */
  call(path: Path, args: Payload): Hook {
    if (!this.#disposed) return this.#capability.call(path, args);
    args.dispose();
    return failedHook(disposedError());
  }

  /** Reads the member at `path`, or refers once more to the capability itself where it is empty. */
  get(path: Path): Hook {
    if (this.#disposed) return failedHook(disposedError());
    return path.length === 0 ? new Hook(this.#capability) : this.#capability.get(path);
  }

  /** @see Capability.map */
  map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    if (!this.#disposed) return this.#capability.map(path, captures, program);
    for (const capture of captures) capture.dispose();
    return failedHook(disposedError());
  }

  /** Makes another reference to the same capability. */
  dup(): Hook {
    return this.#disposed ? failedHook(disposedError()) : new Hook(this.#capability);
  }

  /** @see Capability.pull */
  pull(sink: PullSink): void {
    if (this.#disposed) sink.rejected(disposedError());
    else this.#capability.pull(sink);
  }

  /** @see Capability.onBroken */
  onBroken(callback: (reason: unknown) => void): Unregister {
    if (!this.#disposed) return this.#capability.onBroken(callback);
    callback(disposedError());
    return unregistered;
  }

  /** Gives the reference back. Doing so twice is harmless. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (--this.#capability.references === 0) this.#capability.destroy();
  }
}

/** A registration that there was no need to keep. */
export const unregistered: Unregister = () => {
  // Nothing to take back.
};

/** Made anew for every use, so that its stack points at the culprit. spec/capnweb.md §21.16 */
export function disposedError(): Error {
  return new Error("Attempted to use RPC stub after it has been disposed.");
}

/** A capability that failed: every use of it fails for the same reason. */
class FailedCapability extends Capability {
  readonly #reason: unknown;

  constructor(reason: unknown) {
    super();
    this.#reason = reason;
  }

  override call(_path: Path, args: Payload): Hook {
    args.dispose();
    return new Hook(this);
  }

  override get(): Hook {
    return new Hook(this);
  }

  override map(_path: Path, captures: readonly Hook[]): Hook {
    for (const capture of captures) capture.dispose();
    return new Hook(this);
  }

  override pull(sink: PullSink): void {
    sink.rejected(this.#reason);
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    callback(this.#reason);
    return unregistered;
  }

  override destroy(): void {
    // It holds a reason and nothing else.
  }
}

/** Makes a hook whose every use fails with `reason`. */
export function failedHook(reason: unknown): Hook {
  return new Hook(new FailedCapability(reason));
}
