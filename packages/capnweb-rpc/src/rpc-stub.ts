import { RpcPromiseBase, RpcStubBase } from "./core/stub.js";
import type {
  RpcCallable,
  RpcMembers,
  RpcResult,
  RpcStubMembers,
  RpcStubOrigins,
  RpcUnwrapped,
} from "./types.js";

/** A stand-in for a `T` that may live elsewhere. spec/capnweb.md §15 */
export type RpcStub<T> = RpcStubMembers<T> & RpcStubOrigins<T> & RpcMembers<T> & RpcCallable<T>;
/** Makes a local stub of a target, a function, or any value. spec/capnweb.md §15 */
export const RpcStub: new <T>(value: T) => RpcStub<T> = RpcStubBase as unknown as new <T>(
  value: T,
) => RpcStub<T>;

/** The eventual result of a call, and a stub for it meanwhile. spec/capnweb.md §1.3 */
export type RpcPromise<T> = RpcStub<T> & Promise<RpcResult<T>>;
/** Makes an RPC promise of a local promise, whose resolution it owns. spec/capnweb.md §15 */
export const RpcPromise: {
  new <T>(promise: PromiseLike<T>): RpcPromise<RpcUnwrapped<T>>;
  new <T>(promise: PromiseLike<T | NoInfer<RpcStub<T>>>): RpcPromise<RpcUnwrapped<T>>;
} = RpcPromiseBase as unknown as typeof RpcPromise;
