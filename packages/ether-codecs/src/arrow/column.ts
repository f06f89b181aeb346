import type { ArrowField, ArrowType } from "./arrow-type.js";

/** Offsets of variable-size slots, one more than there are slots. */
export type ArrowOffsets = Int32Array | BigInt64Array;

/** The slots of one column in one batch: views of the batch's body, checked against each other. */
export interface ArrowColumn {
  /** What the schema says. */
  readonly field: ArrowField;
  /** Layout of these slots: for a dictionary-encoded column that of its indices. */
  readonly type: ArrowType;
  /** Number of slots. */
  readonly length: number;
  /** Bit per slot, 0 = null; absent when no slot is null. */
  readonly validity?: Uint8Array;
  /** Where each slot of a variable-size type starts, and the end of the last. */
  readonly offsets?: ArrowOffsets;
  /** Fixed-size values, or the bytes that `offsets` cut up. */
  readonly data: Uint8Array;
  /** The columns of the children. */
  readonly children: readonly ArrowColumn[];
  /** What the indices of a dictionary-encoded column mean: the dictionary's parts in order. */
  readonly dictionary?: readonly ArrowColumn[];
}

/** Tells whether slot `i` is null. */
export function isNullSlot(column: ArrowColumn, i: number): boolean {
  const { validity } = column;
  return validity !== undefined && (((validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 0;
}

/** The start of slot `i` of a column with offsets; with `i` = length the end of the last. */
export function slotStart(column: ArrowColumn, i: number): number {
  return Number(column.offsets?.[i] ?? 0);
}
