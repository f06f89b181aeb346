import type { RpcPromise, RpcStub } from "./rpc-stub.js";
import type { RpcTarget } from "./rpc-target.js";

/** What crosses as it is. */
export type RpcScalar =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Error
  | URL
  | Headers;
/** What crosses by value and is not looked into. */
export type RpcOpaque =
  | RpcScalar
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | Request
  | Response
  | ReadableStream
  | WritableStream;
/** Any function at all. */
// oxlint-disable-next-line typescript/no-explicit-any -- so that every function fits
export type RpcFunction = (...args: any[]) => unknown;
/** What crosses by reference. */
export type RpcByReference = RpcTarget | RpcFunction;

declare const stands: unique symbol;
/** Marks the types that stand for a `T` elsewhere. */
export interface RpcStandsFor<T> {
  /** For the compiler alone. */
  readonly [stands]: T;
}

/** What may cross: anything whose parts may. Interfaces and tuples pass, symbol keys are ignored. §15 */
export type RpcCompatible<T> = T extends RpcOpaque | RpcByReference | RpcStandsFor<unknown>
  ? T
  : T extends object
    ? { [K in keyof T]: K extends string | number ? RpcCompatible<T[K]> : T[K] }
    : T;

/** What a `T` comes to once nothing in front of it has to be waited for: no promise, no stub. */
export type RpcUnwrapped<T> = 0 extends 1 & T
  ? T
  : T extends RpcStandsFor<infer V>
    ? V
    : T extends PromiseLike<infer V>
      ? RpcUnwrapped<V>
      : T;

/** What a caller may pass where a `T` is declared: the value, a promise of it, or a stub. */
export type RpcArgument<T> =
  | T
  // Two ways to be called would leave the parameters of a function given here without types.
  | ([T] extends [RpcFunction] ? RpcStandsFor<T> : RpcPromise<T>)
  | (T extends RpcStandsFor<infer V> ? V : never)
  | (T extends RpcFunction ? never : T extends RpcByReference ? RpcStub<T> : never)
  | (T extends RpcOpaque | RpcByReference
      ? never
      : T extends object
        ? { [K in keyof T]: RpcArgument<T[K]> }
        : never);

/** What a value of type `T` is once it has arrived: its targets have become stubs. */
export type RpcArrived<T> = 0 extends 1 & T
  ? T
  : T extends RpcStandsFor<unknown> | RpcOpaque
    ? T
    : T extends RpcByReference
      ? RpcStub<T>
      : T extends object
        ? { [K in keyof T]: RpcArrived<T[K]> }
        : T;

/** What a caller gets when it awaits a `T`: objects can be disposed, with every stub in them. */
export type RpcResult<T> = 0 extends 1 & T
  ? T
  : T extends RpcStandsFor<unknown> | RpcOpaque | RpcByReference
    ? RpcArrived<T>
    : T extends object
      ? RpcArrived<T> & Disposable
      : T;

/** A method as its callers see it. */
export type RpcMethod<F> = F extends (...args: infer A) => infer R
  ? (...args: { [K in keyof A]: RpcArgument<A[K]> }) => RpcPromise<RpcUnwrapped<R>>
  : unknown;

/** What calling a stub does, where it stands for a function. */
export type RpcCallable<T> = [T] extends [never]
  ? unknown
  : T extends RpcFunction
    ? RpcMethod<T>
    : unknown;

/** The members of what a stub stands for: methods, and promises of its properties. */
export type RpcMembers<T> = [T] extends [never]
  ? unknown
  : 0 extends 1 & T
    ? // oxlint-disable-next-line typescript/no-explicit-any -- a stub of anything has anything
      { readonly [name: string]: any }
    : T extends readonly (infer E)[]
      ? { readonly [index: number]: RpcPromise<E> }
      : T extends RpcOpaque
        ? unknown
        : {
            readonly [
              K in keyof T as K extends string | number ? K : never
            ]: T[K] extends RpcFunction ? RpcMethod<T[K]> : RpcPromise<RpcUnwrapped<T[K]>>;
          };

/** What a mapper is given: an element of an array, or the value itself. */
export type RpcMapInput<T> = T extends readonly (infer E)[] ? E : NonNullable<T>;
/** What `map` comes to: an array where it was applied to one. */
export type RpcMapResult<T, R> = T extends readonly unknown[] ? RpcUnwrapped<R>[] : RpcUnwrapped<R>;

/** What every stub has. */
export interface RpcStubMembers<T> extends Disposable, RpcStandsFor<T> {
  /** Answers a short label. */
  toString(): string;
  /** Makes another stub of the same object, with a lifetime of its own. */
  dup(): RpcStub<T>;
  /** Tells `callback` once when the object becomes unusable. Disposing the answer unregisters it. */
  onRpcBroken(callback: (error: unknown) => void): Disposable;
  /** Applies `mapper` where the value is: to it, or to each of its elements. spec/capnweb.md §10 */
  map<R>(
    mapper: (value: RpcPromise<RpcMapInput<T>>) => R extends Promise<unknown> ? never : R,
  ): RpcPromise<RpcMapResult<T, R>>;
}

export type { RpcPromise, RpcStub };
