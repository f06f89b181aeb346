import type { DType } from "@proj/wire-types";
import { Dtype } from "../messages/generated/wire.js";

/** An element type that a pool can hold; `float16` is none. spec/tensor-pool.md §3 */
export type PoolDType = Exclude<DType, "float16">;

const CODES: Readonly<Record<PoolDType, number>> = {
  uint8: Dtype.UINT8,
  int8: Dtype.INT8,
  uint16: Dtype.UINT16,
  int16: Dtype.INT16,
  uint32: Dtype.UINT32,
  int32: Dtype.INT32,
  uint64: Dtype.UINT64,
  int64: Dtype.INT64,
  float32: Dtype.FLOAT32,
  float64: Dtype.FLOAT64,
  bool: Dtype.BOOLEAN,
};

const BY_CODE = new Map<number, PoolDType>(
  Object.entries(CODES).map(([name, code]) => [code, name as PoolDType]),
);
// Bytes and bits are read as the bytes they lie in.
BY_CODE.set(Dtype.BYTES, "uint8");
BY_CODE.set(Dtype.BIT, "uint8");

const ITEM_BYTES = new Map<number, number>([
  [Dtype.UINT8, 1],
  [Dtype.INT8, 1],
  [Dtype.UINT16, 2],
  [Dtype.INT16, 2],
  [Dtype.UINT32, 4],
  [Dtype.INT32, 4],
  [Dtype.UINT64, 8],
  [Dtype.INT64, 8],
  [Dtype.FLOAT32, 4],
  [Dtype.FLOAT64, 8],
  [Dtype.BOOLEAN, 1],
  [Dtype.BYTES, 1],
  [Dtype.BIT, 1],
]);

/** The number of an element type on the wire. */
export function dtypeCode(dtype: PoolDType): number {
  return CODES[dtype];
}

/** The element type of a number on the wire; `undefined` for one that is not known. */
export function dtypeOf(code: number): PoolDType | undefined {
  return BY_CODE.get(code);
}

/** Bytes of one element of this number; 0 for one that is not known. */
export function itemBytes(code: number): number {
  return ITEM_BYTES.get(code) ?? 0;
}
