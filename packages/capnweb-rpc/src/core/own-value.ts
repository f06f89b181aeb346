import { DEFAULT_MAX_DEPTH } from "../limits.js";
import { copyCollection, isCollection, refuse } from "../wire/collection-value.js";
import { unsupportedValue, valueKind } from "../wire/value-kind.js";
import { tooDeep } from "../wire/value-writer.js";
import { keepHandle } from "./drop-watch.js";
import type { Hook } from "./hook.js";
import type { Payload } from "./payload.js";
import { handleOf, promiseOf, stubOf, type StubHandle } from "./stub-handle.js";
import { targetHook } from "./target-capability.js";

let collectionsAllowed = false;

/**
 * Lets values be copied that hold a `Map`, a `Set` or a `RegExp`, from now on: a session of this
 * process sends them. Every other session still refuses them when it comes to sending.
 */
export function allowCollections(): void {
  collectionsAllowed = true;
}

/** What becomes of the references met while a value is copied. */
interface CopyRules {
  /** Answers the reference that the copy of this stub holds. */
  reference(handle: StubHandle): Hook;
  /** Answers the reference that stands for a target or a function. */
  target(target: object, parent: object): Hook;
}

/** Copies what the application passed: its stubs are duplicated, they stay its own. spec/capnweb.md §8.1 */
export function ownBorrowed(payload: Payload): void {
  copyInto(payload, {
    reference: ({ hook, path }) => hook.get(path ?? []),
    target: (target, parent) => targetHook(duplicateTarget(target), parent),
  });
}

/** Copies what the application returned: its stubs are taken over, except the `kept` ones. spec/capnweb.md §8.3 */
export function ownGiven(payload: Payload, kept: readonly Hook[] = []): void {
  const { exported } = payload;
  copyInto(payload, {
    reference: (handle) => {
      const { hook, path } = handle;
      if (path !== undefined && path.length > 0) return hook.get(path);
      if (kept.includes(hook)) return hook.dup();
      keepHandle(handle);
      return hook;
    },
    target: (target, parent) => exported?.get(target)?.shift() ?? targetHook(target, parent),
  });
}

/** Disposes what the application returned and nobody looked at. */
export function disposeGiven(payload: Payload): void {
  const { value } = payload;
  if (typeof value !== "object" && typeof value !== "function") return;
  try {
    payload.own();
  } catch {
    // A value that cannot cross: what could be found in it has been disposed.
  }
  if (value instanceof ReadableStream && !value.locked) value.cancel().catch(() => undefined);
}

/** A target passed as an argument may want another one to go in its place. spec/capnweb.md §8.1 */
export function duplicateTarget(target: object): object {
  if (typeof target === "function") return target;
  const { dup } = target as { readonly dup?: unknown };
  return typeof dup === "function" ? (Reflect.apply(dup, target, []) as object) : target;
}

function copyInto(payload: Payload, rules: CopyRules): void {
  payload.value = copyValue(payload.value, 0, payload, "value");

  function copyValue(
    value: unknown,
    depth: number,
    parent: object,
    key: string | number,
    original: object = parent,
  ): unknown {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) {
      if (typeof value === "symbol") throw unsupportedValue(value);
      return value;
    }
    if (depth >= DEFAULT_MAX_DEPTH) throw tooDeep();
    switch (valueKind(value)) {
      case "object":
        return copyMembers(value as Readonly<Record<string, unknown>>, depth);
      case "array":
        return copyElements(value as readonly unknown[], depth);
      case "stub":
        return copyStub(handleOf(value), parent, key);
      case "target":
      case "function": {
        const hook = rules.target(value, original);
        payload.keep(hook);
        return stubOf(hook);
      }
      case "unsupported":
        if (!collectionsAllowed || !isCollection(value)) throw unsupportedValue(value);
        return copyCollection(value, (member) => copyMember(member, depth + 2));
      default:
        return value;
    }
  }

  function copyMember(member: unknown, depth: number): unknown {
    const before = payload.hooks.length;
    const copy = copyValue(member, depth, {}, "member");
    if (payload.hooks.length > before) refuse();
    return copy;
  }

  function copyMembers(value: Readonly<Record<string, unknown>>, depth: number): unknown {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (key !== "__proto__") copy[key] = copyValue(value[key], depth + 1, copy, key, value);
    }
    return copy;
  }

  function copyElements(value: readonly unknown[], depth: number): unknown {
    const copy: unknown[] = [];
    for (let at = 0; at < value.length; at++) {
      copy.push(copyValue(value[at], depth + 1, copy, at, value));
    }
    return copy;
  }

  function copyStub(handle: StubHandle, parent: object, key: string | number): unknown {
    const hook = rules.reference(handle);
    payload.keep(hook);
    if (handle.path === undefined) return stubOf(hook);
    payload.place({ hook, parent, key });
    return promiseOf(hook);
  }
}
