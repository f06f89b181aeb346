import { RpcPromiseBase, RpcStubBase } from "./core/stub.js";
import type { RpcPromise as RpcPromiseOf, RpcStub as RpcStubOf } from "./types.js";

/** A stand-in for a `T` that may live elsewhere. */
export type RpcStub<T> = RpcStubOf<T>;
/** Makes a local stub of a target, a function, or any value. spec/capnweb.md §15 */
export const RpcStub: new <T>(value: T) => RpcStubOf<T> = RpcStubBase as unknown as new <T>(
  value: T,
) => RpcStubOf<T>;

/** The eventual result of a call, and a stub for it meanwhile. */
export type RpcPromise<T> = RpcPromiseOf<T>;
/** Makes an RPC promise of a local promise, whose resolution it owns. spec/capnweb.md §15 */
export const RpcPromise: new <T>(promise: PromiseLike<T> | T) => RpcPromiseOf<T> =
  RpcPromiseBase as unknown as new <T>(promise: PromiseLike<T> | T) => RpcPromiseOf<T>;
