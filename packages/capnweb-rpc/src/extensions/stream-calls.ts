import { awaitHook } from "../core/await-hook.js";
import type { Hook, Path } from "../core/hook.js";
import { Payload } from "../core/payload.js";
import { handleOf } from "../core/stub-handle.js";
import { PeerCapability } from "../session/peer-capability.js";
import type { RpcResult, RpcStub } from "../types.js";

/** The methods of a `T`, each answering a plain promise of its result. */
export type StreamCalls<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<RpcResult<Awaited<R>>>
    : never;
};

/**
 * Makes calls in two messages instead of four: the answer is not asked for and not released. Any
 * peer from reference 0.5 on understands it. The price: a call cannot be cancelled or pipelined, its
 * promise is an ordinary one. spec/capnweb.md §20.8
 *
 * On a stub that is no peer's object, or not known yet, calls are made as always.
 */
export function streamCalls<T>(stub: RpcStub<T>): StreamCalls<T> {
  const { hook, path = [] } = handleOf(stub);
  return new Proxy({} as StreamCalls<T>, {
    get: (_target, name) =>
      typeof name === "symbol" || name === "then"
        ? undefined
        : (...args: readonly unknown[]) => awaitHook(call(hook, [...path, name], args)),
  });
}

function call(hook: Hook, path: Path, args: readonly unknown[]): Hook {
  const payload = new Payload(args, "borrowed");
  const capability = hook.capability.standsFor;
  if (hook.disposed || !(capability instanceof PeerCapability) || capability.settled) {
    return hook.call(path, payload);
  }
  return capability.session.callOnce(capability, path, payload);
}
