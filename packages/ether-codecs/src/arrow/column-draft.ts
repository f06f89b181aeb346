import type { ArrowField } from "./arrow-type.js";

/** A column that knows its sizes and waits for the memory it is written to. */
export interface ColumnDraft {
  /** What the schema will say. */
  readonly field: ArrowField;
  /** Slots and nulls of the column and its children, depth first: two numbers each. */
  readonly nodes: readonly number[];
  /** Bytes of each buffer of the column and its children, in order, without padding. */
  readonly buffers: readonly number[];
  /** Writes buffer `i` at `at[from + i]`, a multiple of 8; the memory is zero. */
  write(into: Uint8Array, at: readonly number[], from: number): void;
}

/** Slots of a column in order; `undefined` is null. */
export type Cells<T> = readonly (T | undefined)[];

/** Validity of a column: how many slots are null, and the bytes of its bitmap, 0 when none is. */
export interface Validity {
  readonly nulls: number;
  readonly bytes: number;
}

/** Counts nulls. */
export function validityOf(cells: Cells<unknown>): Validity {
  let nulls = 0;
  for (const cell of cells) if (cell === undefined) nulls++;
  return { nulls, bytes: nulls === 0 ? 0 : Math.ceil(cells.length / 8) };
}

/** Writes the bitmap of `cells` at `at`, unless no slot is null. */
export function writeValidity(
  cells: Cells<unknown>,
  validity: Validity,
  into: Uint8Array,
  at: number,
): void {
  if (validity.nulls === 0) return;
  for (const [i, cell] of cells.entries()) {
    if (cell !== undefined) setBit(into, at, i);
  }
}

/** Sets bit `i` of the bitmap at `at`. */
export function setBit(into: Uint8Array, at: number, i: number): void {
  const byte = at + (i >> 3);
  into[byte] = (into[byte] ?? 0) | (1 << (i & 7));
}

/** A view of `into` from `at` on, for numbers of any width. */
export function viewAt(into: Uint8Array, at: number, bytes: number): DataView {
  return new DataView(into.buffer, into.byteOffset + at, bytes);
}

/** The metadata of a field that needs none. */
export const NO_METADATA: ReadonlyMap<string, string> = new Map();
