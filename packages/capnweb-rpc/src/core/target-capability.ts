import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  Hook,
  type Path,
  type PullSink,
  type Unregister,
  unregistered,
} from "./hook.js";
import type { Payload } from "./payload.js";
import { type PathRoot, recursion } from "./recursion.js";

/** An object or function of the application here: disposed when the last reference is gone. */
class TargetCapability extends Capability {
  readonly #root: PathRoot;

  constructor(root: PathRoot) {
    super();
    this.#root = root;
  }

  override call(path: Path, args: Payload): Hook {
    return recursion().callAt(this.#root, path, args);
  }

  override get(path: Path): Hook {
    return recursion().getAt(this.#root, path);
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    return recursion().mapAt(this.#root, path, captures, program);
  }

  override pull(sink: PullSink): void {
    sink.rejected(new Error("Tried to resolve a non-promise stub."));
  }

  override onBroken(): Unregister {
    return unregistered;
  }

  override destroy(): void {
    const target = this.#root.value as Partial<Disposable>;
    try {
      target[Symbol.dispose]?.();
    } catch (error) {
      // The application's mistake must not disturb the session, nor go unseen. spec/capnweb.md §8.1
      void Promise.reject(error);
    }
  }
}

/** Makes the first reference to `target`; `parent` becomes `this` where it is a function. */
export function targetHook(target: object, parent: object | undefined): Hook {
  return new Hook(new TargetCapability({ value: target, parent }));
}
