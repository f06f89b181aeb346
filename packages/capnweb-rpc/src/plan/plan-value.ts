import type { Hook, Path, PathKey } from "../core/hook.js";
import { followPath } from "../core/follow-path.js";
import { DEFAULT_MAX_DEPTH } from "../limits.js";
import { Payload } from "../core/payload.js";
import { handleOf, handleOfPromise, promiseOf, stubCore } from "../core/stub-handle.js";

/** Bytes that anything small counts for. */
const SMALL = 8;
const small = { size: SMALL, depth: 0 };

/** Whether `value` is a stub or an RPC promise. */
export function isRemote(value: unknown): value is object {
  return stubCore(value) !== undefined;
}

/** Whether `value` is a result that may not be there yet. */
export function isPending(value: unknown): value is PromiseLike<unknown> {
  return handleOfPromise(value) !== undefined;
}

/**
 * Follows `path` from a value of a plan: in plain data at once, on a stub by asking for it later.
 * The stub's own methods cannot be reached. @throws TypeError as spec/capnweb.md §7.3 has it.
 */
export function member(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) at = isRemote(at) ? remoteMember(at, key) : localMember(at, key);
  return at;
}

/** Calls what `path` leads to on a stub, and answers the promise of it with the hook to free. */
export function callRemote(
  target: object,
  path: Path,
  args: readonly unknown[],
): { readonly promise: unknown; readonly hook: Hook } {
  const { hook, path: before } = handleOf(target);
  const answer = hook.call([...(before ?? []), ...path], new Payload(args, "borrowed"));
  return { promise: promiseOf(answer), hook: answer };
}

/**
 * Sizes values as text would take them. What has been sized is not looked into again, so that a
 * value that holds itself many times costs what it holds, not what it would unfold to.
 */
export class Scales {
  readonly #known = new WeakMap<object, { readonly size: number; readonly depth: number }>();

  /**
   * Answers the size of `value`; more than `limit` is not looked into further. A value with more
   * levels than can be sent is larger than any limit.
   */
  weigh(value: unknown, limit: number): number {
    const { size, depth } = this.#measure(value, limit);
    return depth > DEFAULT_MAX_DEPTH ? Infinity : size;
  }

  #measure(value: unknown, limit: number): { readonly size: number; readonly depth: number } {
    if (typeof value === "string") return { size: SMALL + value.length, depth: 0 };
    if (typeof value !== "object" || value === null) return small;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (ArrayBuffer.isView(value)) return { size: SMALL + value.byteLength, depth: 0 };
    let size = SMALL;
    let depth = 0;
    for (const [key, part] of Object.entries(value)) {
      const inner = this.#measure(part, limit);
      size += key.length + inner.size;
      depth = Math.max(depth, inner.depth + 1);
      if (size > limit) return { size, depth };
    }
    const measured = { size, depth };
    this.#known.set(value, measured);
    return measured;
  }
}

/** Copies plain data; stubs in it are duplicated, so that the copy outlives what they came from. */
export function detach(value: unknown): unknown {
  if (isRemote(value)) return (value as { dup(): unknown }).dup();
  if (Array.isArray(value)) return value.map(detach);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, detach(part)]));
}

/** Disposes the stubs of a value that {@link detach} made. */
export function release(value: unknown): void {
  if (isRemote(value)) (value as Partial<Disposable>)[Symbol.dispose]?.();
  else if (Array.isArray(value) || isPlainObject(value)) Object.values(value).forEach(release);
}

/** Answers `value` with every result in it that may not be there yet awaited by `force`, all at once. */
export async function settle(
  value: unknown,
  force: (pending: unknown) => Promise<unknown>,
): Promise<unknown> {
  if (isPending(value)) return await force(value);
  if (Array.isArray(value)) return Promise.all(value.map((part) => settle(part, force)));
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).map(
    async ([key, part]) => [key, await settle(part, force)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

function remoteMember(remote: object, key: PathKey): unknown {
  const { hook, path } = handleOf(remote);
  return promiseOf(hook, [...(path ?? []), key]);
}

function localMember(value: unknown, key: PathKey): unknown {
  const found = followPath(value, undefined, [key]);
  // What is found may itself be a stub, which is the member then.
  return found.kind === "value" ? found.value : (value as Readonly<Record<PathKey, unknown>>)[key];
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
