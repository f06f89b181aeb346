import { type DType, itemSize, type TypedArray, typedView } from "@proj/wire-types";
import type { Block } from "../tensor/block.js";
import { arrowTypeOf } from "./arrow-type.js";
import { type Cells, type ColumnDraft, NO_METADATA, setBit } from "./column-draft.js";
import { draftFixedLists, draftLists } from "./draft-lists.js";

/**
 * Drafts a column of blocks: fixed-size lists when all have one shape, lists when only the first dimension varies.
 *
 * `undefined` when the blocks differ in type or otherwise in shape.
 *
 * @throws EtherError `ether.too_large` when offsets or sizes pass 2^31-1.
 */
export function draftBlocks(name: string, cells: Cells<Block>): ColumnDraft | undefined {
  const first = cells.find((cell) => cell !== undefined);
  if (first === undefined) return undefined;
  const [outer, ...inner] = first.shape;
  let fixed = true;
  for (const cell of cells) {
    if (cell === undefined || cell === first) continue;
    if (cell.dtype !== first.dtype || !sameTail(cell.shape, first.shape)) return undefined;
    if (cell.shape[0] !== outer) fixed = false;
  }
  const parts = cells.map((cell) => cell?.elements);
  if (fixed) return draftEqualBlocks(name, first.dtype, first.shape, parts);
  const counts = cells.map((cell) => cell?.shape[0]);
  const count = counts.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const items = draftItems("item", first.dtype, inner, count, parts, undefined);
  return draftLists(name, counts, items);
}

/** Drafts a column of blocks of one type and shape, given by their elements: fixed-size lists. */
export function draftEqualBlocks(
  name: string,
  dtype: DType,
  shape: readonly number[],
  parts: Cells<TypedArray>,
): ColumnDraft {
  const [outer = 0, ...inner] = shape;
  const items = draftItems("item", dtype, inner, parts.length * outer, parts, product(shape));
  return draftFixedLists(name, parts, outer, items);
}

/** Drafts the rows of one block: a plain column for a vector, fixed-size lists for a tensor. */
export function draftRows(name: string, block: Block): ColumnDraft {
  const [rows = 0, ...inner] = block.shape;
  return draftItems(name, block.dtype, inner, rows, [block.elements], undefined);
}

// `count` slots of shape `inner` without nulls. `parts` are written one behind the other, `stride` elements apart or,
// without a stride, without gaps.
function draftItems(
  name: string,
  dtype: DType,
  inner: readonly number[],
  count: number,
  parts: Cells<TypedArray>,
  stride: number | undefined,
): ColumnDraft {
  const [size, ...rest] = inner;
  if (size === undefined) return draftElements(name, dtype, count, parts, stride);
  const items = draftItems("item", dtype, rest, count * size, parts, stride);
  return draftFixedLists(name, count, size, items);
}

function draftElements(
  name: string,
  dtype: DType,
  count: number,
  parts: Cells<TypedArray>,
  stride: number | undefined,
): ColumnDraft {
  const type = arrowTypeOf(dtype);
  const bytes = dtype === "bool" ? Math.ceil(count / 8) : count * itemSize(dtype);
  return {
    field: { name, type, nullable: false, children: [], metadata: NO_METADATA },
    nodes: [count, 0],
    buffers: [0, bytes],
    write(into, at, from) {
      const start = at[from + 1] ?? 0;
      const place = (write: (part: TypedArray, to: number) => void): void => {
        let to = 0;
        for (const part of parts) {
          if (part !== undefined) write(part, to);
          to += stride ?? part?.length ?? 0;
        }
      };
      if (dtype === "bool") {
        place((part, to) => {
          for (const [i, bit] of (part as Uint8Array).entries()) {
            if (bit !== 0) setBit(into, start, to + i);
          }
        });
        return;
      }
      const target = typedView(dtype, into.subarray(start, start + bytes));
      place((part, to) => target.set(part as never, to));
    },
  };
}

function sameTail(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 1; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
