import type { RpcTarget } from "./rpc-target.js";

/** What crosses as it is. */
type Scalar = undefined | null | boolean | number | bigint | string | Date | Error | URL | Headers;
/** What crosses by value and is not looked into. */
type Opaque =
  | Scalar
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | Request
  | Response
  | ReadableStream
  | WritableStream;
// oxlint-disable-next-line typescript/no-explicit-any -- any function at all
type AnyFunction = (...args: any[]) => unknown;
/** What crosses by reference. */
type ByReference = RpcTarget | AnyFunction;

/** Marks the types that stand for a `T` elsewhere. */
declare const stands: unique symbol;
interface StandsFor<T> {
  readonly [stands]: T;
}

/** What may cross: anything whose parts may. Interfaces and tuples pass, symbol keys are ignored. §15 */
export type RpcCompatible<T> = T extends Opaque | ByReference | StandsFor<unknown>
  ? T
  : T extends object
    ? { [K in keyof T]: K extends string | number ? RpcCompatible<T[K]> : T[K] }
    : T;

type Unwrapped<T> = 0 extends 1 & T
  ? T
  : T extends StandsFor<infer V>
    ? V
    : T extends PromiseLike<infer V>
      ? Unwrapped<V>
      : T;

/** What a caller may pass where a `T` is declared: the value, a promise of it, or a stub. */
export type RpcArgument<T> =
  | T
  // Two ways to be called would leave the parameters of a function given here without types.
  | ([T] extends [AnyFunction] ? StandsFor<T> : RpcPromise<T>)
  | (T extends StandsFor<infer V> ? V : never)
  | (T extends AnyFunction ? never : T extends ByReference ? RpcStub<T> : never)
  | (T extends Opaque | ByReference
      ? never
      : T extends object
        ? { [K in keyof T]: RpcArgument<T[K]> }
        : never);

/** What a value of type `T` is once it has arrived: its targets have become stubs. */
type Arrived<T> = 0 extends 1 & T
  ? T
  : T extends StandsFor<unknown> | Opaque
    ? T
    : T extends ByReference
      ? RpcStub<T>
      : T extends object
        ? { [K in keyof T]: Arrived<T[K]> }
        : T;

/** What a caller gets when it awaits a `T`: objects can be disposed, with every stub in them. */
export type RpcResult<T> = 0 extends 1 & T
  ? T
  : T extends StandsFor<unknown> | Opaque | ByReference
    ? Arrived<T>
    : T extends object
      ? Arrived<T> & Disposable
      : T;

type Method<F> = F extends (...args: infer A) => infer R
  ? (...args: { [K in keyof A]: RpcArgument<A[K]> }) => RpcPromise<Unwrapped<R>>
  : unknown;

type Callable<T> = [T] extends [never] ? unknown : T extends AnyFunction ? Method<T> : unknown;

type Members<T> = [T] extends [never]
  ? unknown
  : 0 extends 1 & T
    ? // oxlint-disable-next-line typescript/no-explicit-any -- a stub of anything has anything
      { readonly [name: string]: any }
    : T extends readonly (infer E)[]
      ? { readonly [index: number]: RpcPromise<E> }
      : T extends Opaque
        ? unknown
        : {
            readonly [
              K in keyof T as K extends string | number ? K : never
            ]: T[K] extends AnyFunction ? Method<T[K]> : RpcPromise<Unwrapped<T[K]>>;
          };

/** What a mapper is given: an element of an array, or the value itself. */
type MapInput<T> = T extends readonly (infer E)[] ? E : NonNullable<T>;
type MapResult<T, R> = T extends readonly unknown[] ? Unwrapped<R>[] : Unwrapped<R>;

/** What every stub has. */
interface StubMembers<T> extends Disposable, StandsFor<T> {
  toString(): string;
  dup(): RpcStub<T>;
  onRpcBroken(callback: (error: unknown) => void): Disposable;
  map<R>(
    mapper: (value: RpcPromise<MapInput<T>>) => R extends Promise<unknown> ? never : R,
  ): RpcPromise<MapResult<T, R>>;
}

/** A stand-in for a `T` that may live elsewhere. spec/capnweb.md §15 */
export type RpcStub<T> = StubMembers<T> & Members<T> & Callable<T>;

/** The eventual result of a call, and a stub for it meanwhile. spec/capnweb.md §1.3 */
export type RpcPromise<T> = RpcStub<T> & Pick<Promise<RpcResult<T>>, "then" | "catch" | "finally">;
