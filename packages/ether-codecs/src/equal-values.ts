import { equalBytes } from "@proj/wire-types";
import { type Elements, elementsOf, shapeOf } from "./elements.js";
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
  const left = blockOf(a);
  const right = blockOf(b);
  if (left !== undefined && right !== undefined) {
    return left.shape.join() === right.shape.join() && equalRun(left.items, right.items, 0);
  }
  if (left !== undefined) return equalBlock(b, left, 0, 0);
  if (right !== undefined) return equalBlock(a, right, 0, 0);
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item: Value, i) => equalValues(item, b[i] as Value))
  );
}

// A vector or tensor as its shape and its scalars in row-major order.
interface Block {
  readonly shape: readonly number[];
  readonly items: Elements;
}

function blockOf(value: Value): Block | undefined {
  const items = elementsOf(value);
  if (items === undefined) return undefined;
  return { shape: shapeOf(value) ?? [items.length], items };
}

// Compares a list of lists, or of vectors, with the part of `block` from scalar `at` on, below dimension `axis`.
function equalBlock(value: Value, block: Block, axis: number, at: number): boolean {
  const inner = block.shape.slice(axis + 1);
  if (axis === block.shape.length) return equalScalars(value, block.items[at]);
  const own = blockOf(value);
  if (own !== undefined) {
    return (
      own.shape.join() === block.shape.slice(axis).join() && equalRun(own.items, block.items, at)
    );
  }
  if (!Array.isArray(value) || value.length !== block.shape[axis]) return false;
  const step = inner.reduce((product, size) => product * size, 1);
  return value.every((item: Value, i) => equalBlock(item, block, axis + 1, at + i * step));
}

function equalRun(part: Elements, whole: Elements, at: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (!equalScalars(part[i], whole[at + i])) return false;
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
