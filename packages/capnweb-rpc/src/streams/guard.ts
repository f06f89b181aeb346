import {
  Capability,
  failedHook,
  Hook,
  type PullSink,
  type Unregister,
  unregistered,
} from "../core/hook.js";

/** Something in a message that is no capability, and yet must be freed with the message. */
class Guard extends Capability {
  readonly #free: () => void;

  constructor(free: () => void) {
    super();
    this.#free = free;
  }

  override get guardsStream(): boolean {
    return true;
  }

  override call(): Hook {
    return failedHook(new TypeError("A stream cannot be called."));
  }

  override get(): Hook {
    return failedHook(new TypeError("A stream has no properties."));
  }

  override map(): Hook {
    return failedHook(new TypeError("A stream cannot be mapped."));
  }

  override pull(sink: PullSink): void {
    sink.rejected(new TypeError("A stream cannot be awaited."));
  }

  override onBroken(): Unregister {
    return unregistered;
  }

  override destroy(): void {
    this.#free();
  }
}

/** Makes a reference that runs `free` when it is given back. */
export function guardHook(free: () => void): Hook {
  return new Hook(new Guard(free));
}
