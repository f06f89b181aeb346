import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  failedHook,
  type Hook,
  noPrimitive,
  type Path,
  type PullSink,
  type Unregister,
} from "../core/hook.js";
import type { DropWatch } from "../core/drop-watch.js";
import type { Payload } from "../core/payload.js";
import { canceledError } from "../core/pending-capability.js";
import type { SessionCore } from "./session-core.js";
import type { PulledResult } from "./session-hooks.js";

/** One callback of `onRpcBroken`. It keeps its place among all of its session. spec/capnweb.md §12.2 */
export interface BrokenRegistration {
  readonly callback: (reason: unknown) => void;
  /** Where it went when its promise turned out to be something outside this session. */
  unregister: Unregister | undefined;
}

/** An object or a promise that the peer hosts: an entry of the import table. spec/capnweb.md §3 */
export class PeerCapability extends Capability implements PulledResult {
  /** The session whose peer it is. */
  readonly session: SessionCore;
  /** Its id in the import table. */
  readonly id: number;
  /** Whether the peer answers for it with `resolve` or `reject`. */
  readonly isPromise: boolean;
  /** How often the peer, or our push, introduced the id. */
  introductions = 1;
  #pulled: boolean;
  #resolution: Hook | undefined;
  #sinks: PullSink[] | undefined;
  #registrations: Set<BrokenRegistration> | undefined;
  #watcher: (() => void) | undefined;

  /** `kind` says who introduced it: only the result of a push is pulled. */
  constructor(session: SessionCore, id: number, kind: "object" | "promise" | "result") {
    super();
    this.session = session;
    this.id = id;
    this.isPromise = kind !== "object";
    this.#pulled = kind === "promise";
  }

  override get awaitsPeer(): boolean {
    return this.isPromise && this.#resolution === undefined;
  }

  override get dropWatch(): DropWatch | undefined {
    return this.#resolution === undefined ? this.session.dropWatch : undefined;
  }

  override get primitive(): unknown {
    return this.#resolution === undefined ? noPrimitive : this.#resolution.primitive;
  }

  /** @see PulledResult.settled */
  get settled(): boolean {
    return this.#resolution !== undefined || this.references === 0;
  }

  /** @see PulledResult.giveUp */
  giveUp(reason: unknown): void {
    if (!this.settled) this.session.abandon(this, reason);
  }

  /** Calls `watcher` once when the result is settled, or given back. */
  watch(watcher: (() => void) | undefined): void {
    this.#watcher = watcher;
  }

  /** What the promise became. */
  get resolution(): Hook | undefined {
    return this.#resolution;
  }

  override call(path: Path, args: Payload): Hook {
    return this.#resolution === undefined
      ? this.session.call(this, path, args)
      : this.#resolution.call(path, args);
  }

  override get(path: Path): Hook {
    return this.#resolution === undefined
      ? this.session.read(this, path)
      : this.#resolution.get(path);
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    return this.#resolution === undefined
      ? this.session.map(this, path, captures, program)
      : this.#resolution.map(path, captures, program);
  }

  override pull(sink: PullSink): void {
    if (this.#resolution !== undefined) return this.#resolution.pull(sink);
    if (!this.isPromise) {
      return sink.rejected(new Error("Tried to resolve a non-promise stub."));
    }
    if (this.#sinks === undefined) this.#sinks = [sink];
    else this.#sinks.push(sink);
    if (this.#pulled) return;
    this.#pulled = true;
    this.session.pull(this);
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    if (this.#resolution !== undefined) return this.#resolution.onBroken(callback);
    const registration: BrokenRegistration = { callback, unregister: undefined };
    this.#adopt(registration);
    this.session.registrations.add(registration);
    return () => {
      this.session.registrations.delete(registration);
      registration.unregister?.();
    };
  }

  /** Makes known what the promise became; takes over `resolution`. */
  settle(resolution: Hook): void {
    this.#resolution = resolution;
    this.#done();
    if (this.#registrations !== undefined) {
      for (const registration of this.#registrations) this.#move(registration, resolution);
      this.#registrations = undefined;
    }
    const sinks = this.#sinks;
    this.#sinks = undefined;
    if (sinks !== undefined) for (const sink of sinks) resolution.pull(sink);
  }

  override destroy(): void {
    if (this.#resolution !== undefined) return this.#resolution.dispose();
    this.#done();
    // The main stub takes the session with it, and its own callbacks still hear of that.
    this.session.forget(this);
    for (const registration of this.#registrations ?? []) {
      this.session.registrations.delete(registration);
    }
    const sinks = this.#sinks;
    this.#sinks = undefined;
    if (sinks !== undefined) for (const sink of sinks) sink.rejected(canceledError());
  }

  /** Ends every use with `reason`: the session is over. */
  break(reason: unknown): void {
    this.#registrations = undefined;
    if (this.#resolution === undefined) this.settle(failedHook(reason));
  }

  #done(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.();
  }

  #adopt(registration: BrokenRegistration): void {
    this.#registrations ??= new Set();
    this.#registrations.add(registration);
  }

  #move(registration: BrokenRegistration, resolution: Hook): void {
    const { session } = this;
    if (!session.registrations.has(registration)) return;
    const { capability } = resolution.capability.stub ?? resolution;
    if (
      capability instanceof PeerCapability &&
      capability.session === session &&
      capability.#resolution === undefined
    ) {
      capability.#adopt(registration);
      return;
    }
    session.registrations.delete(registration);
    registration.unregister = resolution.onBroken(registration.callback);
  }
}
