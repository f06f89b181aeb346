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
  | Headers
  | RegExp;
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

/**
 * What a method that returns a `T` is a promise of. Promises are waited for, and a stub of an object is as good as
 * the object. A stub of anything that crosses by value stays a stub: it does not arrive as that value.
 */
export type RpcUnwrapped<T> = 0 extends 1 & T
  ? unknown
  : T extends RpcStandsFor<infer V>
    ? RpcUnwrappedStub<T, V>
    : T extends PromiseLike<infer V>
      ? RpcUnwrapped<V>
      : T;

/** What a method comes to that returns `S`, a stub or promise of a `T`. */
export type RpcUnwrappedStub<S, T> =
  S extends PromiseLike<unknown>
    ? RpcUnwrapped<T>
    : 0 extends 1 & T
      ? S
      : [T] extends [RpcByReference]
        ? T
        : S;

/** What a caller may pass where a `T` is declared: the value, a promise of it, or a stub. */
export type RpcArgument<T> =
  // For types that are not known yet, inside a generic function. Two ways to be called would leave the parameters
  // of a function given here without types, hence no stubs.
  Exclude<T, RpcStandsFor<unknown>> | RpcGiven<T> | RpcStandsFor<RpcGiven<T>>;

/** What a caller may give for a `T`, without the promises of it. */
export type RpcGiven<T> = 0 extends 1 & T
  ? T
  : T extends PromiseLike<infer V>
    ? RpcGiven<V>
    : T extends RpcStandsFor<infer V>
      ? V | RpcStandsFor<V>
      : T extends RpcFunction
        ? T
        : T extends RpcByReference
          ? T | RpcStandsFor<T>
          : RpcParts<T, "given">;

/** What a value of type `T` is once it has arrived: its targets have become stubs, its promises what they promised. */
export type RpcArrived<T> = 0 extends 1 & T
  ? T
  : T extends PromiseLike<infer V>
    ? RpcArrived<V>
    : T extends RpcStandsFor<unknown>
      ? T
      : T extends RpcByReference
        ? RpcStub<T>
        : RpcParts<T, "arrived">;

/** Looks into what crosses by value. */
export type RpcParts<T, How extends "given" | "arrived"> = T extends RpcOpaque
  ? T
  : T extends readonly unknown[]
    ? { [K in keyof T]: RpcPart<T[K], How> }
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<RpcPart<K, How>, RpcPart<V, How>>
      : T extends ReadonlySet<infer V>
        ? Set<RpcPart<V, How>>
        : T extends object
          ? { [K in keyof T as K extends string | number ? K : never]: RpcPart<T[K], How> }
          : T;

/** One part of a value. */
export type RpcPart<T, How extends "given" | "arrived"> = How extends "given"
  ? RpcArgument<T>
  : RpcArrived<T>;

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
  : 0 extends 1 & T
    ? unknown
    : T extends RpcStandsFor<unknown>
      ? RpcCallable<T[typeof stands]>
      : T extends RpcFunction
        ? RpcMethod<T>
        : unknown;

/** The members of what a stub stands for: methods, and promises of its properties. */
export type RpcMembers<T> = [T] extends [never]
  ? unknown
  : 0 extends 1 & T
    ? // oxlint-disable-next-line typescript/no-explicit-any -- a stub of anything has anything
      { readonly [name: string]: any }
    : // Inferring anything here would make the members of a class that refers to its own stubs circular.
      T extends RpcStandsFor<unknown>
      ? RpcMembers<T[typeof stands]>
      : T extends readonly unknown[]
        ? RpcElements<T> & { readonly [index: number]: RpcPromise<RpcUnwrapped<T[number]>> }
        : T extends RpcOpaque
          ? unknown
          : {
              readonly [K in Extract<keyof T, string | number>]: RpcMember<T[K]>;
            };

/** A member as callers see it: a method, or a promise of what it is. */
export type RpcMember<V> =
  V extends RpcStandsFor<unknown>
    ? RpcPromise<RpcUnwrapped<V>>
    : V extends RpcFunction
      ? RpcMethod<V>
      : RpcPromise<RpcUnwrapped<V>>;

/** The elements of a tuple, each with its own type. */
export type RpcElements<T extends readonly unknown[]> = {
  readonly [K in keyof T as K extends `${number}` ? K : never]: RpcPromise<RpcUnwrapped<T[K]>>;
};

/** What a mapper is given: an element of an array, or the value itself, not to be waited for. */
export type RpcMapInput<T> = T extends readonly (infer E)[]
  ? RpcMapValue<E>
  : RpcMapValue<NonNullable<T>>;

/** A stand-in inside a mapper: a stub of each of the types it may have. */
export type RpcMapValue<T> = T extends unknown ? RpcStub<T> : never;

/** What `map` comes to: an array where it was applied to one. */
export type RpcMapResult<T, R> = T extends readonly unknown[] ? RpcUnwrapped<R>[] : RpcUnwrapped<R>;

/**
 * What is applied by `map`. That it has a property, which nobody sets, makes the compiler take a stub of something
 * for a stub of less than that, as it does with values.
 */
export interface RpcMapper<T, R> {
  /** Is called once, with a stand-in. */
  (value: T): R;
  /** For the compiler alone. */
  readonly [stands]?: never;
}

/** What a mapper may return: nothing that waits outside of RPC, at no depth. */
export type RpcMapped<R> = [RpcForeignPromise<R>] extends [never] ? R : never;

/** Answers what in `T`, at any depth, waits outside of RPC. */
export type RpcForeignPromise<T, Above = never> = T extends Above | RpcStandsFor<unknown>
  ? never
  : T extends PromiseLike<unknown>
    ? T
    : T extends RpcOpaque | RpcByReference
      ? never
      : T extends readonly (infer E)[]
        ? RpcForeignPromise<E, Above | T>
        : T extends object
          ? RpcForeignPromise<T[keyof T], Above | T>
          : never;

/** What every stub has. */
export interface RpcStubMembers<T> extends Disposable, RpcStandsFor<T> {
  /** Answers a short label. */
  toString(): string;
  /** Tells `callback` once when the object becomes unusable. Disposing the answer unregisters it. */
  onRpcBroken(callback: (error: unknown) => void): Disposable;
}

/**
 * What every stub has that gives stubs. A condition that is always true: what it comes to is compared by its members,
 * so that a stub of a class is one of what the class extends.
 */
export type RpcStubOrigins<T> = [T] extends [unknown]
  ? {
      /** Makes another stub of the same object, with a lifetime of its own. */
      dup(): RpcStub<T>;
      /** Applies `mapper` where the value is: to it, or to each of its elements. spec/capnweb.md §10 */
      map<R>(mapper: RpcMapper<RpcMapInput<T>, RpcMapped<R>>): RpcPromise<RpcMapResult<T, R>>;
    }
  : never;

export type { RpcPromise, RpcStub };
