import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  Hook,
  noPrimitive,
  type Path,
  type PullSink,
  type Unregister,
  unregistered,
} from "./hook.js";
import { isPrimitive, Payload } from "./payload.js";
import { recursion } from "./recursion.js";
import { stubCore, stubOf } from "./stub-handle.js";

/** The result of a call, once it is known: a value that pipelined calls reach into. */
class ValueCapability extends Capability {
  readonly #payload: Payload;

  constructor(payload: Payload) {
    super();
    this.#payload = payload;
  }

  override get primitive(): unknown {
    return isPrimitive(this.#payload.value) ? this.#payload.value : noPrimitive;
  }

  override call(path: Path, args: Payload): Hook {
    this.#payload.own();
    return recursion().callAt({ value: this.#payload.value, parent: undefined }, path, args);
  }

  override get(path: Path): Hook {
    this.#payload.own();
    return recursion().getAt({ value: this.#payload.value, parent: undefined }, path);
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    this.#payload.own();
    return recursion().mapAt(
      { value: this.#payload.value, parent: undefined },
      path,
      captures,
      program,
    );
  }

  override pull(sink: PullSink): void {
    sink.resolved(this.#payload);
  }

  override get stub(): Hook | undefined {
    return stubCore(this.#payload.value)?.handle.hook;
  }

  override onBroken(callback: (reason: unknown) => void): Unregister {
    return this.stub?.onBroken(callback) ?? unregistered;
  }

  override destroy(): void {
    this.#payload.dispose();
  }
}

/** Makes a reference to a known result, which takes over `payload`. */
export function valueHook(payload: Payload): Hook {
  return new Hook(new ValueCapability(payload));
}

/** Wraps a stub around `hook` as a value of its own. */
export function stubPayload(hook: Hook): Payload {
  const payload = new Payload(stubOf(hook), "owned");
  payload.keep(hook);
  return payload;
}
