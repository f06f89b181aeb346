import { equalBytes } from "@proj/wire-types";
import { type Elements, elementsOf } from "./elements.js";
import { type ClassifiedValue, classifyValue, type Value, type ValueMap } from "./value.js";

/**
 * Compares two values by meaning.
 *
 * A list of numbers equals a vector with the same elements, an integer the bigint of the same number. NaN equals NaN and
 * 0 differs from -0, so equal values can stand for each other. Maps are compared without regard to order.
 *
 * @see spec/xcp.md §13
 */
export function equalValues(a: Value, b: Value): boolean {
  const left = classifyValue(a);
  const right = classifyValue(b);
  if (left === undefined || right === undefined) return false;
  if (isArrayLike(left) || isArrayLike(right)) return equalArrays(a, b);
  if (left.kind === "bytes") return right.kind === "bytes" && equalBytes(left.value, right.value);
  if (left.kind === "map") return right.kind === "map" && equalMaps(left.value, right.value);
  if (left.kind === "attachmentRef") {
    return right.kind === "attachmentRef" && left.value.id === right.value.id;
  }
  return equalScalars(a, b);
}

function isArrayLike({ kind }: ClassifiedValue): boolean {
  return kind === "list" || kind === "vector" || kind === "tensor" || kind === "quantized";
}

function equalArrays(a: Value, b: Value): boolean {
  const left = nested(a);
  const right = nested(b);
  if (left === undefined || right === undefined || left.items.length !== right.items.length) {
    return false;
  }
  if (left.shape !== undefined && right.shape !== undefined) {
    if (left.shape.join() !== right.shape.join()) return false;
    return everyPair(left.items, right.items, equalScalars);
  }
  // A tensor of higher rank equals no flat list: lists of lists are not searched for tensors.
  if ((left.shape ?? right.shape ?? [0]).length > 1) return false;
  return everyPair(left.items, right.items, (x, y) => equalValues(x as Value, y as Value));
}

interface Nested {
  readonly items: ArrayLike<unknown>;
  readonly shape?: readonly number[];
}

function nested(value: Value): Nested | undefined {
  if (Array.isArray(value)) return { items: value };
  const items: Elements | undefined = elementsOf(value);
  if (items === undefined) return undefined;
  const shape = (value as { readonly shape?: readonly number[] }).shape ?? [items.length];
  return { items, shape };
}

function everyPair(
  a: ArrayLike<unknown>,
  b: ArrayLike<unknown>,
  same: (x: unknown, y: unknown) => boolean,
): boolean {
  for (let i = 0; i < a.length; i++) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

function equalMaps(a: ValueMap, b: ValueMap): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key] ?? null, b[key] ?? null))
  );
}

function equalScalars(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "bigint" && typeof b === "number") return !Object.is(b, -0) && sameInteger(a, b);
  if (typeof b === "bigint" && typeof a === "number") return equalScalars(b, a);
  return false;
}

function sameInteger(a: bigint, b: number): boolean {
  return Number.isInteger(b) && BigInt(b) === a;
}
