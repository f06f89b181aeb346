import { EtherError } from "../errors.js";

/** What decides which bytes of a storage a tensor can reach. */
export interface Reach {
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Distances in elements; absent = row-major without gaps. */
  readonly strides?: readonly number[];
  /** Where the element with index zero lies. */
  readonly byteOffset: number;
  /** Size of the storage. */
  readonly storageBytes: number;
  /** Bytes of one element. */
  readonly itemBytes: number;
}

/**
 * Checks that the lowest and the highest element lie inside the storage; a tensor without elements reaches nothing.
 *
 * Exact whatever the numbers: nothing overflows.
 *
 * @throws EtherError `ether.tensor_header` for a negative dimension, `ether.tensor_size` when an element lies outside.
 * @see spec/xcp.md §14.8
 */
export function checkReach(reach: Reach): void {
  const { shape, strides, byteOffset, storageBytes, itemBytes } = reach;
  const negative = shape.find((size) => size < 0);
  if (negative !== undefined) {
    throw new EtherError("ether.tensor_header", `DLPACK: a dimension of ${negative}`);
  }
  if (shape.includes(0)) return;
  let low = 0n;
  let high = 0n;
  let dense = 1n;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = BigInt(shape[axis] ?? 1);
    const stride = strides === undefined ? dense : BigInt(strides[axis] ?? 0);
    const span = (size - 1n) * stride;
    if (span < 0n) low += span;
    else high += span;
    dense *= size;
  }
  const item = BigInt(itemBytes);
  const first = BigInt(byteOffset) + low * item;
  const end = BigInt(byteOffset) + (high + 1n) * item;
  if (first < 0n || end > BigInt(storageBytes)) {
    throw new EtherError(
      "ether.tensor_size",
      `DLPACK: bytes ${first}..${end} of a storage of ${storageBytes} bytes`,
    );
  }
}
