import { MapRecorder } from "../map/map-recorder.js";
import { stubMark } from "../stub-mark.js";
import { canonicalIndex } from "./follow-path.js";
import { disposeGiven, ownBorrowed, ownGiven } from "./own-value.js";
import { bindRecursion } from "./recursion.js";
import { handleOf, handleOfPromise, stubCore, type StubCore, StubHandle } from "./stub-handle.js";
import { callAt, getAt, mapAt } from "./use-found.js";
import {
  disposedError,
  failedHook,
  Hook,
  type Path,
  type PathKey,
  type Unregister,
} from "./hook.js";
import { isTarget } from "../rpc-target.js";
import { keepHandle } from "./drop-watch.js";
import { Payload } from "./payload.js";
import { awaitHook } from "./await-hook.js";
import { PromisedCapability } from "./promised-capability.js";
import { targetHook } from "./target-capability.js";
import { valueHook } from "./value-capability.js";

function stubOf(hook: Hook): RpcStubBase {
  return proxy(new StubHandle(hook, undefined));
}

/** Makes the promise of something that the application has just asked for. */
function resultOf(hook: Hook): RpcPromiseBase {
  const result = new StubHandle(hook, root);
  hook.capability.dropWatch?.promise(result);
  return proxy(result) as RpcPromiseBase;
}

function promiseOf(hook: Hook, path: Path = []): RpcPromiseBase {
  return proxy(new StubHandle(hook, path)) as RpcPromiseBase;
}

bindRecursion({
  stubOf,
  promiseOf,
  ownBorrowed,
  ownGiven,
  disposeGiven,
  callAt,
  getAt,
  mapAt,
});

const root: Path = [];

// Never called: the proxies answer for it. It makes them callable.
const callable = (): void => undefined;

// Node inspects what a proxy stands before, and asks it how the proxy wants to be shown.
Object.defineProperty(callable, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: RpcStubBase) {
    return this.toString();
  },
  configurable: true,
});

function proxy(handle: StubHandle): RpcStubBase {
  return new Proxy(callable, new StubTraps(handle)) as unknown as RpcStubBase;
}

/** Lets a promise that has been adopted go without touching what it stood on. */
function neuter(stub: object): void {
  const target = stubCore(stub);
  if (target !== undefined)
    target.handle = new StubHandle(failedHook(disposedError()), target.handle.path);
}

/**
 * A stand-in for an object that may live elsewhere: every property is an RPC promise, every call
 * is made where the object is. spec/capnweb.md §15
 */
export class RpcStubBase {
  /** Makes a local stub of a target, a function, or any value; stubs inside the value are adopted. */
  constructor(value: unknown) {
    // A stub is a proxy.
    return stubOf(localHook(value));
  }

  /** Makes another stub of the same object, with a lifetime of its own. */
  dup(): RpcStubBase {
    const { hook, path } = handleOf(this);
    const copy = hook.get(path ?? []);
    MapRecorder.current?.keep(copy);
    return stubOf(copy);
  }

  /** Tells `callback` once when the object becomes unusable. Disposing the answer unregisters it. */
  onRpcBroken(callback: (error: unknown) => void): Disposable {
    // A property breaks with what it is a property of: nothing is read to find out.
    const unregister: Unregister = handleOf(this).hook.onBroken(callback);
    return { [Symbol.dispose]: unregister };
  }

  /** Applies `mapper` to the value, or to each of its elements, where the value is. spec/capnweb.md §10 */
  map(mapper: (value: RpcPromiseBase) => unknown): RpcPromiseBase {
    const { hook, path } = handleOf(this);
    return resultOf(MapRecorder.map(hook, path ?? [], mapper));
  }

  /** Answers a short label. */
  toString(): string {
    return "[object RpcStub]";
  }

  /** Gives the object back. */
  [Symbol.dispose](): void {
    handleOf(this).hook.dispose();
  }
}

/** The eventual result of a call, and a stub for it meanwhile. spec/capnweb.md §1.3 */
export class RpcPromiseBase extends RpcStubBase {
  /** Makes an RPC promise of a local one, whose resolution it owns; an RPC promise is adopted. */
  constructor(promise: unknown) {
    super(undefined);
    // A promise is a proxy.
    return adoptPromise(promise);
  }

  /** Asks for the value. */
  // oxlint-disable-next-line unicorn/no-thenable -- being awaited is what it is for
  then<A = unknown, B = never>(
    onResolved?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return awaited(this).then(onResolved, onRejected);
  }

  /** Asks for the value, and hears of the failure. */
  catch<B>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return awaited(this).catch(onRejected);
  }

  /** Asks for the value, and hears when it is there or failed. */
  finally(onFinally?: (() => void) | null): Promise<unknown> {
    return awaited(this).finally(onFinally);
  }

  override toString(): string {
    return "[object RpcPromise]";
  }
}

function awaited(promise: RpcPromiseBase): Promise<unknown> {
  const handle = handleOf(promise);
  const { hook, path } = handle;
  if (path !== undefined && path.length > 0) return awaitHook(hook.get(path));
  keepHandle(handle);
  return awaitHook(hook);
}

/** Makes a reference to something of the application here. */
export function localHook(value: unknown): Hook {
  const adopted =
    typeof value === "function"
      ? (value as { readonly [stubMark]?: StubCore })[stubMark]
      : undefined;
  if (adopted !== undefined) return adopted.handle.hook.get(adopted.handle.path ?? []);
  if (
    typeof value === "function" ||
    (typeof value === "object" && value !== null && isTarget(value))
  )
    return targetHook(value, undefined);
  const payload = new Payload(value, "given");
  payload.own();
  return valueHook(payload);
}

function adoptPromise(promise: unknown): RpcPromiseBase {
  const handle = handleOfPromise(promise);
  if (handle !== undefined) {
    if (handle.path.length > 0) {
      // Nothing is read before it is asked for.
      const owner = handle.owner ?? handle;
      return proxy(new StubHandle(handle.hook, handle.path, owner)) as RpcPromiseBase;
    }
    neuter(promise as object);
    keepHandle(handle);
    return promiseOf(handle.hook);
  }
  const pending = new PromisedCapability();
  const hook = new Hook(pending);
  Promise.resolve(promise).then(
    (value) => pending.settle(valueHook(new Payload(value, "given"))),
    (error: unknown) => pending.settle(failedHook(error)),
  );
  return promiseOf(hook);
}

// What a stub has itself; any other name is a property of the object it stands for.
const stubMembers: Readonly<Record<string, unknown>> = membersOf(RpcStubBase.prototype);
const promiseMembers: Readonly<Record<string, unknown>> = {
  ...stubMembers,
  ...membersOf(RpcPromiseBase.prototype),
};

function membersOf(prototype: object): Record<string, unknown> {
  const names = Object.getOwnPropertyNames(prototype);
  return Object.assign(
    Object.create(null) as Record<string, unknown>,
    Object.fromEntries(names.map((name) => [name, Reflect.get(prototype, name)])),
  );
}

/** Answers for one stub. Traps that stand on a prototype are made once, not for every stub. */
class StubTraps implements ProxyHandler<() => void>, StubCore {
  handle: StubHandle;

  constructor(handle: StubHandle) {
    this.handle = handle;
  }

  apply(_target: unknown, _self: unknown, args: unknown[]): unknown {
    const { hook, path } = this.handle;
    const recorder = MapRecorder.current;
    if (recorder !== undefined) return promiseOf(recorder.call(hook, path ?? [], args));
    return resultOf(hook.call(path ?? [], new Payload(args, "borrowed")));
  }

  get(_target: unknown, property: string | symbol): unknown {
    if (typeof property === "symbol") return this.#symbolMember(property);
    const { hook, path } = this.handle;
    const members = path === undefined ? stubMembers : promiseMembers;
    const member = members[property];
    if (member !== undefined) return member;
    if (path === undefined && property === "then") return undefined;
    const key = pathKey(property);
    const { owner = this.handle } = this.handle;
    const way = path === undefined || path.length === 0 ? [key] : [...path, key];
    return proxy(new StubHandle(hook, way, owner));
  }

  has(_target: unknown, property: string | symbol): boolean {
    return typeof property === "string" || property === Symbol.dispose;
  }

  getPrototypeOf(): object {
    return this.handle.path === undefined ? RpcStubBase.prototype : RpcPromiseBase.prototype;
  }

  ownKeys(): string[] {
    return [];
  }

  getOwnPropertyDescriptor(): undefined {
    return undefined;
  }

  set(): never {
    return refuse("Can't assign properties on RPC stubs.");
  }

  deleteProperty(): never {
    return refuse("Can't delete properties on RPC stubs.");
  }

  defineProperty(): never {
    return refuse("Can't define properties on RPC stubs.");
  }

  setPrototypeOf(): never {
    return refuse("Can't override prototype of RPC stubs.");
  }

  preventExtensions(): boolean {
    return false;
  }

  #symbolMember(property: symbol): unknown {
    if (property === stubMark) return this;
    const { path } = this.handle;
    if (property !== Symbol.dispose || (path !== undefined && path.length > 0)) return undefined;
    return RpcStubBase.prototype[Symbol.dispose];
  }
}

/** Elements of arrays are addressed by number. spec/capnweb.md §6.4 */
function pathKey(property: string): PathKey {
  const index = canonicalIndex(property);
  return Number.isNaN(index) ? property : index;
}

function refuse(message: string): never {
  throw new Error(message);
}
