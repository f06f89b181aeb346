import type { MapProgram } from "../map/map-program.js";
import {
  Capability,
  type Hook,
  type Path,
  type PullSink,
  type Unregister,
  unregistered,
} from "../core/hook.js";
import type { Payload } from "../core/payload.js";
import { handleOf } from "../core/stub-handle.js";

/** Hands every call to the object that is chosen for it. */
export class PoolCapability extends Capability {
  readonly #choose: () => object;
  readonly #released: () => void;

  /** `choose` answers a stub, which stays its owner's; `released` hears that the last stub is gone. */
  constructor(choose: () => object, released: () => void) {
    super();
    this.#choose = choose;
    this.#released = released;
  }

  override call(path: Path, args: Payload): Hook {
    return this.#chosen().call(path, args);
  }

  override get(path: Path): Hook {
    return this.#chosen().get(path);
  }

  override map(path: Path, captures: readonly Hook[], program: MapProgram): Hook {
    return this.#chosen().map(path, captures, program);
  }

  override pull(sink: PullSink): void {
    sink.rejected(new Error("Tried to resolve a non-promise stub."));
  }

  override onBroken(): Unregister {
    // One of its sessions may break; the pool does not.
    return unregistered;
  }

  override destroy(): void {
    this.#released();
  }

  #chosen(): Hook {
    return handleOf(this.#choose()).hook;
  }
}
