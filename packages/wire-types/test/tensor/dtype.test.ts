import { expect, test } from "@jest/globals";
import { bytesOf, type DType, isDType, itemSize, typedView } from "@proj/wire-types";

const sizes: Record<DType, number> = {
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};
const dtypes = Object.keys(sizes) as DType[];

test("knows its names", () => {
  for (const dtype of dtypes) expect(isDType(dtype)).toBe(true);
  for (const other of ["float8", "Float32", "", "toString", "__proto__"]) {
    expect(isDType(other)).toBe(false);
  }
});

test.each(dtypes)("%s: views aligned bytes, copies others, leaves a trailing part out", (dtype) => {
  const size = sizes[dtype];
  expect(itemSize(dtype)).toBe(size);
  const memory = new Uint8Array(8 * size + 1);
  const aligned = typedView(dtype, memory.subarray(size, 4 * size + size - 1));
  expect(aligned.length).toBe(3);
  expect(aligned.buffer).toBe(memory.buffer);
  expect(bytesOf(aligned).byteOffset).toBe(size);
  if (size === 1) return;
  const copied = typedView(dtype, memory.subarray(1, 1 + 2 * size));
  expect(copied.length).toBe(2);
  expect(copied.buffer).not.toBe(memory.buffer);
});

test("copies a misaligned Buffer, whose slice would be a view", () => {
  const buffer = Buffer.from([0, 1, 0, 0, 0]).subarray(1);
  expect([...typedView("uint32", new Uint8Array(8).subarray(0, 4))]).toEqual([0]);
  const bytes = Buffer.from(new ArrayBuffer(16), 3, 4);
  bytes.set(buffer);
  expect([...typedView("uint32", bytes)]).toEqual([1]);
});
