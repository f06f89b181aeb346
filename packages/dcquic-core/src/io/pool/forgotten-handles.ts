import type { HandleWatch } from "../../pool/buffer-handle.js";

/**
 * The net under handles of buffers: one that was collected without being dropped gives its reference back then.
 *
 * @see spec/dcquic.md §14
 */
export class ForgottenHandles implements HandleWatch {
  readonly #registry = new FinalizationRegistry<() => void>((release) => release());

  /** See `HandleWatch`. */
  watch(handle: object, release: () => void): void {
    this.#registry.register(handle, release, handle);
  }

  /** See `HandleWatch`. */
  forget(handle: object): void {
    this.#registry.unregister(handle);
  }
}
