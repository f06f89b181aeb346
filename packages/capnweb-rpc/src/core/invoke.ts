import { keepHandle } from "./drop-watch.js";
import { failedHook, Hook, type PullSink } from "./hook.js";
import { Payload, settlePayload } from "./payload.js";
import { PendingCapability } from "./pending-capability.js";
import { handleOfPromise } from "./stub-handle.js";
import { valueHook } from "./value-capability.js";

/**
 * Calls a function of the application with owned arguments: at once, unless promises among them
 * must be known first. spec/capnweb.md §7.1
 */
export function invoke(method: object, self: object | undefined, args: Payload): Hook {
  if (args.promises.length === 0) return invokeNow(method, self, args);
  const result = new PendingCapability();
  const hook = new Hook(result);
  // The call is made even if nobody waits for its result any more.
  const kept = new Hook(result);
  const sink: PullSink = {
    resolved: () => {
      result.settle(invokeNow(method, self, args));
      kept.dispose();
    },
    rejected: (reason) => {
      args.dispose();
      result.settle(failedHook(reason));
      kept.dispose();
    },
  };
  settlePayload(args, sink);
  return hook;
}

function invokeNow(method: object, self: object | undefined, args: Payload): Hook {
  let result: unknown;
  try {
    result = Reflect.apply(method as () => unknown, self, args.value as unknown[]);
  } catch (error) {
    args.dispose();
    return failedHook(error);
  }
  const promised = handleOfPromise(result);
  if (promised !== undefined) {
    // The promise itself is the result, so that asking for it is up to the caller. spec/capnweb.md §7.2
    const whole = promised.path.length === 0 && !args.hooks.includes(promised.hook);
    if (whole) keepHandle(promised);
    const hook = whole ? promised.hook : promised.hook.get(promised.path);
    args.dispose();
    return hook;
  }
  if (args.hooks.length === 0 && !isThenable(result)) return given(result, args);
  return later(result, args);
}

function later(result: unknown, args: Payload): Hook {
  const pending = new PendingCapability();
  const hook = new Hook(pending);
  const promise =
    result instanceof Promise ? (result as Promise<unknown>) : Promise.resolve(result);
  promise.then(
    (value) => pending.settle(given(value, args)),
    (error: unknown) => {
      args.dispose();
      pending.settle(failedHook(error));
    },
  );
  return hook;
}

function given(result: unknown, args: Payload): Hook {
  const payload = new Payload(result, "given");
  if (args.hooks.length > 0) {
    try {
      payload.own(args.hooks);
    } catch (error) {
      args.dispose();
      return failedHook(error);
    }
    // A stream among the arguments may be in the result: it is freed with it.
    for (const hook of args.hooks) {
      if (isObject(result) && hook.capability.guardsStream) payload.keep(hook.dup());
    }
    args.dispose();
  }
  return valueHook(payload);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isThenable(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (
    value instanceof Promise || typeof (value as { readonly then?: unknown }).then === "function"
  );
}
