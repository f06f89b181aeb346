import { type DType, TensorView } from "@proj/wire-types";
import { AttachmentRef } from "./attachment.js";
import { QuantizedTensor } from "./tensor/quantized-tensor.js";

/**
 * A rank-1 vector as a plain typed array. spec/xcp.md §13
 *
 * Vectors of `float16`, `uint8` and `bool` are rank-1 `TensorView`s, because a `Uint16Array` and a
 * `Uint8Array` already mean `uint16` elements and bytes.
 */
export type VectorValue =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A map from any string to values; without a prototype when a decoder made it. */
export interface ValueMap {
  /** What a key holds. */
  readonly [key: string]: Value;
}

/** What a payload, metadata or extra field may hold. spec/xcp.md §13 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | VectorValue
  | TensorView
  | QuantizedTensor
  | AttachmentRef
  | readonly Value[]
  | ValueMap;

/** A {@link Value} named by what it is, for an exhaustive switch. */
export type ClassifiedValue =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "bigint"; readonly value: bigint }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "vector"; readonly value: VectorValue }
  | { readonly kind: "tensor"; readonly value: TensorView }
  | { readonly kind: "quantized"; readonly value: QuantizedTensor }
  | { readonly kind: "attachmentRef"; readonly value: AttachmentRef }
  | { readonly kind: "list"; readonly value: readonly Value[] }
  | { readonly kind: "map"; readonly value: ValueMap };

/** Tells which kind of value `value` is; `undefined` for what no Ether can hold. */
export function classifyValue(value: unknown): ClassifiedValue | undefined {
  if (typeof value === "string") return { kind: "string", value };
  if (typeof value === "number") return { kind: "number", value };
  if (typeof value === "boolean") return { kind: "boolean", value };
  if (typeof value === "bigint") return { kind: "bigint", value };
  if (value === null) return { kind: "null" };
  return typeof value === "object" ? classifyObject(value) : undefined;
}

/** Tells whether `value` is a typed array that counts as a vector; bytes do not. */
export function isVector(value: unknown): value is VectorValue {
  return value instanceof Float32Array || vectorDType(value) !== undefined;
}

/** Names the element type of a plain vector; `undefined` for bytes and everything else. */
export function vectorDType(value: unknown): DType | undefined {
  return ArrayBuffer.isView(value)
    ? vectorDTypes.get((value as VectorValue)[Symbol.toStringTag])
    : undefined;
}

/** Tells whether `value` is a map: an object made by a literal, or one without a prototype. */
export function isValueMap(value: unknown): value is ValueMap {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || isObjectPrototype(prototype);
}

/** Makes an empty map without a prototype, so that no key can reach one. */
export function emptyMap(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

// By name, because a typed array of another realm is no instance of this one's classes.
const vectorDTypes: ReadonlyMap<string, DType> = new Map([
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
  ["Int8Array", "int8"],
  ["Int16Array", "int16"],
  ["Uint16Array", "uint16"],
  ["Int32Array", "int32"],
  ["Uint32Array", "uint32"],
  ["BigInt64Array", "int64"],
  ["BigUint64Array", "uint64"],
]);

function classifyObject(value: object): ClassifiedValue | undefined {
  if (ArrayBuffer.isView(value)) {
    if (value instanceof Uint8Array) return { kind: "bytes", value };
    return isVector(value) ? { kind: "vector", value } : undefined;
  }
  if (Array.isArray(value)) return { kind: "list", value: value as readonly Value[] };
  if (value instanceof TensorView) return { kind: "tensor", value };
  if (value instanceof AttachmentRef) return { kind: "attachmentRef", value };
  if (value instanceof QuantizedTensor) return { kind: "quantized", value };
  return isValueMap(value) ? { kind: "map", value } : undefined;
}

// A literal made in another realm (a frame, a vm context) has that realm's Object.prototype.
function isObjectPrototype(prototype: unknown): boolean {
  return (
    typeof prototype === "object" &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, "isPrototypeOf")
  );
}
