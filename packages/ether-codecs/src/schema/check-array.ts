import type { DType } from "@proj/wire-types";
import { TensorView } from "@proj/wire-types";
import { elementsOf, shapeOf } from "../elements.js";
import { QuantizedTensor } from "../tensor/quantized-tensor.js";
import { isVector, type Value } from "../value.js";
import type { Check } from "./check.js";
import type { JsonSchema } from "./json-schema.js";
import type { ProblemList } from "./problem-list.js";

/** Counts the items of what JSON Schema calls an array; `undefined` for anything else. */
export function arrayLength(value: Value): number | undefined {
  if (Array.isArray(value)) return value.length;
  const shape = shapeOf(value);
  return shape === undefined ? undefined : (shape[0] ?? 0);
}

/** Iterates over the items of a list, or over the scalars of a vector or tensor. */
export function arrayItems(value: Value): Iterable<Value> {
  return Array.isArray(value) ? (value as readonly Value[]) : (elementsOf(value) ?? []);
}

/**
 * Makes the check of an array's items from the check of one.
 *
 * Elements of vectors and tensors of any rank are checked as scalars: a schema of a vector describes the numbers in
 * it. Where the element type already answers the schema they are not looked at.
 */
export function compileItems(schema: JsonSchema, check: Check): Check {
  const answered = typesAnswering(schema);
  return (value, problems) => {
    if (schema === true) return;
    const dtype = elementType(value);
    if (dtype !== undefined && answered.has(dtype)) return;
    checkEach(arrayItems(value), check, problems);
  };
}

function checkEach(items: Iterable<Value>, check: Check, problems: ProblemList): void {
  let i = 0;
  for (const item of items) {
    problems.path.push(i++);
    check(item, problems);
    problems.path.pop();
  }
}

type ElementClass = "integers" | "floats" | "booleans";

function elementType(value: Value): ElementClass | undefined {
  if (value instanceof QuantizedTensor) return "floats";
  if (value instanceof TensorView) return classOf(value.dtype);
  if (!isVector(value)) return undefined;
  return value instanceof Float32Array || value instanceof Float64Array ? "floats" : "integers";
}

function classOf(dtype: DType): ElementClass {
  if (dtype === "bool") return "booleans";
  return dtype.startsWith("float") ? "floats" : "integers";
}

// The element classes that a schema of nothing but a type accepts whole.
function typesAnswering(schema: JsonSchema): ReadonlySet<ElementClass> {
  if (typeof schema === "boolean" || Object.keys(schema).join() !== "type") return new Set();
  const { type } = schema;
  return new Set(typeof type === "string" ? answers.get(type) : []);
}

const answers: ReadonlyMap<string, readonly ElementClass[]> = new Map([
  ["number", ["integers", "floats"]],
  ["integer", ["integers"]],
  ["boolean", ["booleans"]],
]);
