import { describe, expect, test } from "@jest/globals";
import { bytesOf, columnMajorStrides, TensorView, typedView } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const misfit = expect.objectContaining({ code: "wire.invalid_shape" });
const numbers = (view: TensorView) => [...typedView(view.dtype, view.toBytes())];

describe("a tensor view", () => {
  test("shows contiguous memory as bytes without copying", () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6, 99);
    const tensor = new TensorView("float32", [2, 3], data);
    expect(tensor.isContiguous).toBe(true);
    expect(tensor.length).toBe(6);
    expect(tensor.toBytes().buffer).toBe(data.buffer);
    expect(tensor.toBytes()).toHaveLength(24);
  });

  test("gathers strided memory in row-major order", () => {
    const data = Int16Array.of(1, 2, 3, 4, 5, 6);
    const columns = new TensorView("int16", [2, 3], data, { strides: columnMajorStrides([2, 3]) });
    expect(columns.isContiguous).toBe(false);
    expect(numbers(columns)).toEqual([1, 3, 5, 2, 4, 6]);
    const every = new TensorView("int16", [3], data, { strides: [2] });
    expect(numbers(every)).toEqual([1, 3, 5]);
    const repeated = new TensorView("int16", [2, 2], data, { strides: [0, 1] });
    expect(numbers(repeated)).toEqual([1, 2, 1, 2]);
  });

  test("gathers 64-bit integers", () => {
    const tensor = new TensorView("int64", [2], BigInt64Array.of(1n, 2n, -3n), { strides: [2] });
    expect(numbers(tensor)).toEqual([1n, -3n]);
  });

  test("a dimension of one makes any stride contiguous", () => {
    const tensor = new TensorView("uint8", [1, 3], Uint8Array.of(1, 2, 3), { strides: [77, 1] });
    expect(tensor.isContiguous).toBe(true);
  });

  test("may be a scalar or empty", () => {
    expect(numbers(new TensorView("float64", [], Float64Array.of(7)))).toEqual([7]);
    expect(new TensorView("float64", [0, 5], new Float64Array(0)).toBytes()).toHaveLength(0);
  });

  test.each<[string, number[], number[] | undefined]>([
    ["too many elements", [7], undefined],
    ["a stride too many", [2], [1, 1]],
    ["a stride too few", [2, 2], [1]],
    ["strides beyond the end", [2, 3], [4, 1]],
    ["a negative stride", [2], [-1]],
    ["a fractional stride", [2], [0.5]],
    ["a stride that overflows", [2, 2], [2 ** 53 - 1, 2 ** 53 - 1]],
    ["a negative dimension", [-1], undefined],
  ])("refuses %s", (_, shape, strides) => {
    const options = strides === undefined ? {} : { strides };
    expect(() => new TensorView("uint8", shape, new Uint8Array(6), options)).toThrow(misfit);
  });

  test("refuses an array of another type", () => {
    expect(() => new TensorView("float32", [1], new Float64Array(1))).toThrow(TypeError);
    expect(() => new TensorView("float16", [1], new Float32Array(1))).toThrow(TypeError);
    expect(new TensorView("bool", [1], new Uint8Array(1)).length).toBe(1);
    expect(new TensorView("uint8", [1], Buffer.from([1])).length).toBe(1);
  });

  test("is made of bytes of exactly its size, at any alignment", () => {
    const bytes = new Uint8Array(9).subarray(1);
    bytes.set(bytesOf(Float32Array.of(1.5, -2)));
    expect(numbers(TensorView.fromBytes("float32", [2], bytes))).toEqual([1.5, -2]);
    expect(() => TensorView.fromBytes("float32", [1], bytes)).toThrow(misfit);
    expect(() => TensorView.fromBytes("float32", [3], bytes)).toThrow(misfit);
  });

  test("gathering any permutation of axes is indexing", () => {
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 });
    const axes = fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]);
    fc.assert(
      fc.property(shape, axes, (dims, order) => {
        const [a = 0, b = 0, c = 0] = order.map((axis) => dims[axis] ?? 0);
        const data = Int32Array.from({ length: a * b * c }, (_, i) => i);
        const dense = [(dims[1] ?? 0) * (dims[2] ?? 0), dims[2] ?? 0, 1];
        const [x = 0, y = 0, z = 0] = order.map((axis) => dense[axis] ?? 0);
        const expected: number[] = [];
        for (let i = 0; i < a; i++) {
          for (let j = 0; j < b; j++) {
            for (let k = 0; k < c; k++) expected.push(i * x + j * y + k * z);
          }
        }
        expect(numbers(new TensorView("int32", [a, b, c], data, { strides: [x, y, z] }))).toEqual(
          expected,
        );
      }),
      fuzzRuns(200),
    );
  });
});
