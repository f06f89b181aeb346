import type { Hook, PullSink } from "./hook.js";
import { type Payload, settlePayload } from "./payload.js";

/** Asks `hook` for its value, with every promise in it replaced, and hands it to the application. */
export function awaitHook(hook: Hook): Promise<unknown> {
  return new Promise((resolve, reject) => hook.pull(new AwaitSink(resolve, reject)));
}

/** Hands a result to the application as soon as nothing in it is missing. */
class AwaitSink implements PullSink {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  #whole = false;

  constructor(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolved(payload: Payload): void {
    if (!this.#whole) {
      this.#whole = true;
      try {
        payload.own();
      } catch (error) {
        return this.rejected(error);
      }
      if (
        payload.promises.length > 0 ||
        payload.waiting !== undefined ||
        payload.failure !== undefined
      ) {
        return settlePayload(payload, this);
      }
    }
    this.#resolve(disposableValue(payload));
  }

  rejected(reason: unknown): void {
    this.#reject(reason);
  }
}

/** Gives an object the disposer that frees every stub in it. spec/capnweb.md §8.1 */
export function disposableValue(payload: Payload): unknown {
  const { value } = payload;
  if (typeof value !== "object" || value === null) return value;
  if (Symbol.dispose in value || !Object.isExtensible(value)) return value;
  Object.defineProperty(value, Symbol.dispose, {
    value: () => payload.dispose(),
    writable: true,
    configurable: true,
  });
  return value;
}
