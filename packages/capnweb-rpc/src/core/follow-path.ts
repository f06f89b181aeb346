import type { RpcTarget } from "../rpc-target.js";
import { unsupportedValue, valueKind } from "../wire/value-kind.js";
import type { Hook, Path, PathKey } from "./hook.js";
import { handleOf } from "./stub-handle.js";

/** Where a path ended: at a value, or at a stub that the rest of the path is for. */
export type Found =
  | { readonly kind: "value"; readonly value: unknown; readonly parent: object | undefined }
  | { readonly kind: "hook"; readonly hook: Hook; readonly rest: Path };

/**
 * Follows `path` from `start` by the rules of §7.3.
 *
 * @param parent what `start` was found on, which becomes `this` when it is called
 * @throws TypeError at an instance property of a target, or a member of `undefined`.
 */
export function followPath(start: unknown, parent: object | undefined, path: Path): Found {
  let value = start;
  let on = parent;
  for (let at = 0; ; at++) {
    if (typeof value === "function" && valueKind(value) === "stub") {
      const { hook, path: before } = handleOf(value);
      return { kind: "hook", hook, rest: [...(before ?? []), ...path.slice(at)] };
    }
    if (at >= path.length) return { kind: "value", value, parent: on };
    const key = path[at] ?? "";
    const next = memberOf(value, key);
    on =
      typeof value === "object" || typeof value === "function" ? (value ?? undefined) : undefined;
    value = next;
  }
}

function memberOf(value: unknown, key: PathKey): unknown {
  const kind = valueKind(value);
  if (kind === "undefined") {
    throw new TypeError(`Cannot read properties of undefined (reading '${key}')`);
  }
  if (kind === "unsupported") throw unsupportedValue(value);
  if (typeof key === "string" && key in Object.prototype) return undefined;
  switch (kind) {
    case "object":
    case "function":
      return Object.hasOwn(value as object, key)
        ? (value as Readonly<Record<PathKey, unknown>>)[key]
        : undefined;
    case "array":
      return elementOf(value as readonly unknown[], key);
    case "target":
      return targetMember(value as RpcTarget, key);
    default:
      return undefined;
  }
}

function elementOf(array: readonly unknown[], key: PathKey): unknown {
  const index = typeof key === "number" ? key : canonicalIndex(key);
  return Number.isInteger(index) && index >= 0 && Object.hasOwn(array, index)
    ? array[index]
    : undefined;
}

/** Reads an index written the one way JavaScript writes it; anything else is NaN. spec/capnweb.md §6.4 */
export function canonicalIndex(text: string): number {
  const index = Number(text);
  return Number.isSafeInteger(index) && index >= 0 && String(index) === text ? index : NaN;
}

function targetMember(target: RpcTarget, key: PathKey): unknown {
  if (Object.hasOwn(target, key)) {
    throw new TypeError(
      `Attempted to access property '${key}', which is an instance property of the RpcTarget. ` +
        "To avoid leaking private internals, instance properties cannot be accessed over RPC. " +
        "If you want to make this property available over RPC, define it as a method or getter " +
        "on the class, instead of an instance property.",
    );
  }
  return (target as unknown as Readonly<Record<PathKey, unknown>>)[key];
}
