import { Payload } from "../core/payload.js";
import { handleOf } from "../core/stub-handle.js";
import type { RpcStub } from "../types.js";

/** The methods of a `T`, each answering nothing. */
export type OneWayCalls<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => unknown
    ? (...args: A) => void
    : never;
};

/**
 * Makes calls whose results nobody wants: each is given back as soon as it has been made, so that
 * neither end keeps anything for it. That the call failed is not told. Any peer understands it: two
 * messages, `push` and `release`. spec/capnweb.md §23
 *
 * Calling throws what cannot be sent: a TypeError for arguments that cannot cross.
 */
export function oneWay<T>(stub: RpcStub<T>): OneWayCalls<T> {
  const { hook, path = [] } = handleOf(stub);
  return new Proxy({} as OneWayCalls<T>, {
    get: (_target, name) =>
      typeof name === "symbol" || name === "then"
        ? undefined
        : (...args: readonly unknown[]): void =>
            hook.call([...path, name], new Payload(args, "borrowed")).dispose(),
  });
}
