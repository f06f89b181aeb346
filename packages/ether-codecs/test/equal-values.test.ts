import { expect, test } from "@jest/globals";
import { AttachmentRef, equalValues, quantize, type Value } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";

const matrix = new TensorView("float32", [2, 2], Float32Array.of(1, 2, 3, 4));

test.each<[string, Value, Value]>([
  ["a list and a vector", [1, 2], Float32Array.of(1, 2)],
  ["vectors of two types", Int8Array.of(1), Float64Array.of(1)],
  ["a list and a bigint vector", [1], BigInt64Array.of(1n)],
  ["a number and a bigint", 2 ** 60, 2n ** 60n],
  [
    "a vector and its tensor",
    Float32Array.of(1),
    new TensorView("float16", [1], Uint16Array.of(0x3c00)),
  ],
  ["booleans", [true, false], new TensorView("bool", [2], Uint8Array.of(1, 0))],
  [
    "a matrix and lists of lists",
    matrix,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "lists of lists and a strided matrix",
    [
      [1, 3],
      [2, 4],
    ],
    new TensorView("float32", [2, 2], matrix.data, { strides: [1, 2] }),
  ],
  ["NaN", Float32Array.of(Number.NaN), Float64Array.of(Number.NaN)],
  ["8-bit numbers", quantize([2], Float32Array.of(127, 0), "global"), [127, 0]],
  ["maps in another order", { a: 1, b: [null] }, { b: [null], a: 1 }],
  ["bytes", Uint8Array.of(1), Uint8Array.of(1)],
  ["references", new AttachmentRef("a"), new AttachmentRef("a")],
])("equal: %s", (_what, a, b) => {
  expect(equalValues(a, b)).toBe(true);
  expect(equalValues(b, a)).toBe(true);
});

test.each<[string, Value, Value]>([
  ["0 and -0", 0, -0],
  ["0n and -0", 0n, -0],
  ["1 and true", 1, true],
  ["1 and 1.5 as bigint", 1n, 1.5],
  ["bytes and a vector", Uint8Array.of(1), [1]],
  ["another length", [1, 2], Float32Array.of(1)],
  ["another shape", matrix, new TensorView("float32", [4, 1], matrix.data)],
  ["a matrix and its flat list", matrix, [1, 2, 3, 4]],
  ["a list and text", [], ""],
  ["null and an empty map", null, {}],
  ["another key", { a: 1 }, { b: 1 }],
  ["an inherited key", { toString: 1 }, { a: 1 }],
  ["another reference", new AttachmentRef("a"), new AttachmentRef("b")],
  ["a reference and its id", new AttachmentRef("a"), { id: "a" }],
])("different: %s", (_what, a, b) => {
  expect(equalValues(a, b)).toBe(false);
  expect(equalValues(b, a)).toBe(false);
});
