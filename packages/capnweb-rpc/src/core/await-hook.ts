import type { Hook, PullSink } from "./hook.js";
import { type Payload, settlePayload } from "./payload.js";

/** Asks `hook` for its value, with every promise in it replaced, and hands it to the application. */
export function awaitHook(hook: Hook): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const whole: PullSink = {
      resolved: (payload) => {
        resolve(disposableValue(payload));
      },
      // oxlint-disable-next-line prefer-promise-reject-errors -- anything may be thrown
      rejected: (reason) => reject(reason),
    };
    hook.pull({
      resolved: (payload) => {
        try {
          payload.own();
        } catch (error) {
          return whole.rejected(error);
        }
        settlePayload(payload, whole);
      },
      rejected: whole.rejected,
    });
  });
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
