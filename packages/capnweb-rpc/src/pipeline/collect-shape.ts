import { handleOfPromise, stubCore } from "../core/stub-handle.js";

/** A shape with every promise in it replaced by its value. */
export type Collected<S> = 0 extends 1 & S
  ? S
  : S extends PromiseLike<infer V>
    ? V
    : // oxlint-disable-next-line typescript/no-explicit-any -- any function at all
      S extends (...args: any[]) => unknown
      ? S
      : S extends object
        ? { -readonly [K in keyof S]: Collected<S[K]> }
        : S;

/** Answers every RPC promise in `shape`: itself, or in plain objects and arrays at any depth. */
export function promisesIn(shape: unknown): readonly unknown[] {
  if (handleOfPromise(shape) !== undefined) return [shape];
  return isContainer(shape) ? Object.values(shape).flatMap(promisesIn) : [];
}

/** Awaits every promise in `shape`, all at once, and answers a copy that holds the values. */
export async function collectShape<S>(shape: S): Promise<Collected<S>> {
  const held: unknown[] = [];
  try {
    return withDisposer(await collect(shape, held), held) as Collected<S>;
  } catch (error) {
    for (const value of held) dispose(value);
    throw error;
  }
}

async function collect(shape: unknown, held: unknown[]): Promise<unknown> {
  if (isPromise(shape)) {
    const value = await shape;
    held.push(value);
    return value;
  }
  if (!isContainer(shape)) return shape;
  const entries = Object.entries(shape).map(
    async ([key, part]) => [key, await collect(part, held)] as const,
  );
  const collected = await Promise.all(entries);
  if (Array.isArray(shape)) return collected.map(([, value]) => value);
  return Object.fromEntries(collected);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || handleOfPromise(value) !== undefined;
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null || value instanceof Promise) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function withDisposer(value: unknown, held: readonly unknown[]): unknown {
  if (!isContainer(value) || Symbol.dispose in value) return value;
  return Object.defineProperty(value, Symbol.dispose, {
    value: () => {
      for (const each of held) dispose(each);
    },
    configurable: true,
  });
}

function dispose(value: unknown): void {
  if (stubCore(value) === undefined && (typeof value !== "object" || value === null)) return;
  (value as Partial<Disposable>)[Symbol.dispose]?.();
}
