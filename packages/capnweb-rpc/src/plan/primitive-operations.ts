import type { Arithmetic, Comparison } from "./plan.js";

/**
 * Compares two primitives. `==` and `!=` take any; an order exists among numbers, among strings and
 * among bigints.
 *
 * @throws TypeError for anything else.
 */
export function compare(is: Comparison, left: unknown, right: unknown): boolean {
  if (!isPrimitive(left) || !isPrimitive(right)) throw mismatch(is, left, right);
  if (is === "==") return left === right;
  if (is === "!=") return left !== right;
  if (typeof left !== typeof right || !isOrdered(left) || !isOrdered(right)) {
    throw mismatch(is, left, right);
  }
  switch (is) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** Computes with two numbers, or joins two strings. @throws TypeError for anything else. */
export function compute(is: Arithmetic, left: unknown, right: unknown): number | string {
  if (is === "+" && typeof left === "string" && typeof right === "string") return left + right;
  if (typeof left !== "number" || typeof right !== "number") throw mismatch(is, left, right);
  switch (is) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
  }
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function isOrdered(value: unknown): value is number | string | bigint {
  return typeof value === "number" || typeof value === "string" || typeof value === "bigint";
}

function mismatch(is: string, left: unknown, right: unknown): TypeError {
  return new TypeError(`${typeof left} ${is} ${typeof right} has no meaning`);
}
