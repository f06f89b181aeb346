import { isTarget } from "../rpc-target.js";
import { isStub } from "../stub-mark.js";

/** How a value crosses. spec/capnweb.md §5, §5.2 */
export type ValueKind =
  | "primitive"
  | "undefined"
  | "bigint"
  | "object"
  | "array"
  | "date"
  | "bytes"
  | "error"
  | "url"
  | "headers"
  | "request"
  | "response"
  | "blob"
  | "readable"
  | "writable"
  | "stub"
  | "target"
  | "function"
  | "unsupported";

// Not every host has every class: what it lacks cannot be met either.
const host = globalThis as unknown as Readonly<
  Record<string, { readonly prototype: object } | undefined>
>;
const named: readonly (readonly [string, ValueKind])[] = [
  ["Object", "object"],
  ["Array", "array"],
  ["Date", "date"],
  ["Buffer", "bytes"],
  ["URL", "url"],
  ["Headers", "headers"],
  ["Request", "request"],
  ["Response", "response"],
  ["Blob", "blob"],
  ["ReadableStream", "readable"],
  ["WritableStream", "writable"],
];
const binary = [
  "ArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float32Array",
  "Float64Array",
] as const;

const kinds = new Map<object | null, ValueKind>();
for (const [name, kind] of [...named, ...binary.map((type) => [type, "bytes"] as const)]) {
  const prototype = host[name]?.prototype;
  if (prototype !== undefined) kinds.set(prototype, kind);
}
// Node 20 gives the streams that it makes itself, for `pipeThrough`, `tee` and `from`, a prototype of their own.
if (host["TransformStream"] !== undefined) {
  const { readable, writable } = new TransformStream();
  kinds.set(Object.getPrototypeOf(readable) as object, "readable");
  kinds.set(Object.getPrototypeOf(writable) as object, "writable");
}

/**
 * Tells how `value` crosses. The exact prototype decides, so that a subclass is not mistaken for
 * its base; only errors and targets may be derived. spec/capnweb.md §5.2
 */
export function valueKind(value: unknown): ValueKind {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return "primitive";
    case "undefined":
      return "undefined";
    case "bigint":
      return "bigint";
    case "function":
      return isStub(value) ? "stub" : "function";
    case "symbol":
      return "unsupported";
    case "object":
      return value === null ? "primitive" : objectKind(value);
  }
}

function objectKind(value: object): ValueKind {
  const exact = kinds.get(Object.getPrototypeOf(value) as object | null);
  if (exact !== undefined) return exact;
  if (value instanceof Error) return "error";
  return isTarget(value) ? "target" : "unsupported";
}

/** The refusal of a value that cannot cross. spec/capnweb.md §16 */
export function unsupportedValue(value: unknown): TypeError {
  let text: string;
  try {
    text = typeof value === "symbol" ? "(couldn't stringify value)" : String(value);
  } catch {
    text = "(couldn't stringify value)";
  }
  return new TypeError(`Cannot serialize value: ${text}`);
}
