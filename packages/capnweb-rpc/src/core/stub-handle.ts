import { stubMark } from "../stub-mark.js";
import type { Hook, Path } from "./hook.js";
import { recursion } from "./recursion.js";

/** What a stub stands on. Promises have a path, which may be empty; stubs have none. */
export interface StubHandle {
  readonly hook: Hook;
  readonly path: Path | undefined;
}

/** What stands behind a stub: it may change when a promise is adopted by another. */
export interface StubCore {
  handle: StubHandle;
}

/** Answers what a stub is a proxy of; `undefined` for anything else. */
export function stubCore(value: unknown): StubCore | undefined {
  if (typeof value !== "function") return undefined;
  return (value as { readonly [stubMark]?: StubCore })[stubMark];
}

/** Answers the handle of a stub. */
export function handleOf(stub: object): StubHandle {
  return (stub as { readonly [stubMark]: StubCore })[stubMark].handle;
}

/** Answers the handle of an RPC promise; `undefined` for anything else. */
export function handleOfPromise(
  value: unknown,
): { readonly hook: Hook; readonly path: Path } | undefined {
  const handle = stubCore(value)?.handle;
  if (handle?.path === undefined) return undefined;
  return { hook: handle.hook, path: handle.path };
}

/** Wraps `hook`, which the stub takes over. */
export function stubOf(hook: Hook): object {
  return recursion().stubOf(hook);
}

/** Wraps `hook`, which the promise takes over unless `path` leads to one of its properties. */
export function promiseOf(hook: Hook, path: Path = []): object {
  return recursion().promiseOf(hook, path);
}
