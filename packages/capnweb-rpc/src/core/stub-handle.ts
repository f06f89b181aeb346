import { stubMark } from "../stub-mark.js";
import type { Hook, Path } from "./hook.js";
import { recursion } from "./recursion.js";

/** What a stub stands on. Promises have a path, which may be empty; stubs have none. */
export class StubHandle {
  readonly hook: Hook;
  readonly path: Path | undefined;
  /** What owns the hook where this is only a property: as long as this lives, that does. */
  readonly owner: StubHandle | undefined;
  /** Whether the hook is waited for, or somebody else's by now. */
  kept = false;
  /** Whether it is noticed when the application drops this. */
  watched = false;

  /** `owner` owns `hook`; this does where it is absent. */
  constructor(hook: Hook, path: Path | undefined, owner?: StubHandle) {
    this.hook = hook;
    this.path = path;
    this.owner = owner;
  }
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

/** The handle of an RPC promise. */
export type PromiseHandle = StubHandle & { readonly path: Path };

/** Answers the handle of an RPC promise; `undefined` for anything else. */
export function handleOfPromise(value: unknown): PromiseHandle | undefined {
  const handle = stubCore(value)?.handle;
  return handle?.path === undefined ? undefined : (handle as PromiseHandle);
}

/** Wraps `hook`, which the stub takes over. */
export function stubOf(hook: Hook): object {
  return recursion().stubOf(hook);
}

/** Wraps a peer's object; when the application drops the stub, it is given back. */
export function watchedStub(hook: Hook): object {
  const stub = stubOf(hook);
  hook.capability.dropWatch?.stub(handleOf(stub));
  return stub;
}

/** Wraps `hook`, which the promise takes over unless `path` leads to one of its properties. */
export function promiseOf(hook: Hook, path: Path = []): object {
  return recursion().promiseOf(hook, path);
}
