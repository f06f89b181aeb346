import { AttachmentRef } from "../attachment.js";
import { EtherError } from "../errors.js";
import { formatValue } from "../json/format-value.js";
import { type Block, blockOf } from "../tensor/block.js";
import { classifyValue, type Value, vectorDType, type VectorValue } from "../value.js";
import type { Cells, ColumnDraft } from "./column-draft.js";
import {
  draftBooleans,
  draftBytes,
  draftFloats,
  draftIntegers,
  draftText,
} from "./draft-scalars.js";
import { draftBlocks, draftEqualBlocks } from "./draft-vectors.js";
import { ENCODING_KEY } from "./encoding-key.js";

/** What a column is made for. */
export interface DraftOptions {
  /** Levels of maps and lists allowed inside JSON cells. */
  readonly maxNesting: number;
  /** The kind's schema says float32 for this key: lists of numbers become float32 vectors. */
  readonly numberLists: "float32" | "json";
}

/**
 * Drafts the column for the values of one key, one per row; `undefined` and null become null slots.
 *
 * `undefined` when no row has a value.
 *
 * @throws EtherError `ether.ether_invalid` for what Arrow and JSON both cannot carry, `ether.too_large`.
 * @see spec/xcp.md §14.7
 */
export function draftColumn(
  name: string,
  values: readonly (Value | undefined)[],
  options: DraftOptions,
): ColumnDraft | undefined {
  const cells: Cells<Value> = values.includes(null)
    ? values.map((value) => value ?? undefined)
    : values;
  const first = cells.find((cell) => cell !== undefined);
  if (first === undefined) return undefined;
  return draftUniform(name, cells, first, options) ?? draftJson(name, cells, options);
}

// Drafts by the type of the first value, unless another one differs.
function draftUniform(
  name: string,
  cells: Cells<Value>,
  first: Value,
  options: DraftOptions,
): ColumnDraft | undefined {
  switch (classifyValue(first)?.kind) {
    case "string":
      return cells.every(isOrAbsent(isText)) ? draftText(name, cells) : undefined;
    case "boolean":
      return cells.every(isOrAbsent(isBoolean)) ? draftBooleans(name, cells) : undefined;
    case "bytes":
      return cells.every(isOrAbsent(isBytes)) ? draftBytes(name, cells) : undefined;
    case "number":
    case "bigint":
      return cells.every(isOrAbsent(isNumber)) ? draftNumbers(name, cells) : undefined;
    case "attachmentRef": {
      if (!cells.every(isOrAbsent(isReference))) return undefined;
      const ids = cells.map((cell) => cell?.id);
      return draftText(name, ids, new Map([[ENCODING_KEY, "att"]]));
    }
    case "vector":
      return draftEqualVectors(name, cells, first) ?? draftTensors(name, cells, blockOf);
    case "tensor":
    case "quantized":
      return draftTensors(name, cells, blockOf);
    case "list":
      return options.numberLists === "float32"
        ? draftTensors(name, cells, (cell) => blockOf(cell) ?? blockOfNumbers(cell))
        : undefined;
    case "map":
    case "null":
    case undefined:
      return undefined;
  }
}

function draftNumbers(name: string, cells: Cells<number | bigint>): ColumnDraft | undefined {
  let integers = true;
  let floats = true;
  let least = 0n;
  let most = 0n;
  for (const cell of cells) {
    if (typeof cell === "bigint") {
      if (cell < least) least = cell;
      if (cell > most) most = cell;
      floats &&= Number.isSafeInteger(Number(cell));
    } else if (cell !== undefined) {
      if (!Number.isFinite(cell)) {
        throw new EtherError(
          "ether.ether_invalid",
          `${name}: ${cell} is allowed in vectors and tensors only`,
        );
      }
      integers &&= Number.isSafeInteger(cell) && !Object.is(cell, -0);
    }
  }
  if (integers && least >= -(2n ** 63n)) {
    if (most < 2n ** 63n) return draftIntegers(name, cells, "signed");
    const negative = cells.some((cell) => cell !== undefined && cell < 0);
    if (most < 2n ** 64n && !negative) return draftIntegers(name, cells, "unsigned");
  }
  return floats
    ? draftFloats(
        name,
        cells.map((cell) => (cell === undefined ? cell : Number(cell))),
      )
    : undefined;
}

// The column of most batches: plain vectors of one class and length, which need no description each.
function draftEqualVectors(
  name: string,
  cells: Cells<Value>,
  first: Value,
): ColumnDraft | undefined {
  const dtype = vectorDType(first);
  if (dtype === undefined) return undefined;
  const { constructor, length } = first as VectorValue;
  for (const cell of cells) {
    if (cell === undefined || cell === first) continue;
    const vector = cell as VectorValue;
    if (vector === null || vector.constructor !== constructor || vector.length !== length) {
      return undefined;
    }
  }
  return draftEqualBlocks(name, dtype, [length], cells as Cells<VectorValue>);
}

function draftTensors(
  name: string,
  cells: Cells<Value>,
  toBlock: (cell: Value) => Block | undefined,
): ColumnDraft | undefined {
  const blocks: (Block | undefined)[] = [];
  for (const cell of cells) {
    const block = cell === undefined ? undefined : toBlock(cell);
    if (cell !== undefined && block === undefined) return undefined;
    blocks.push(block);
  }
  return draftBlocks(name, blocks);
}

function blockOfNumbers(value: Value): Block | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers: unknown[] = value;
  if (!numbers.every((item): item is number => typeof item === "number")) return undefined;
  return { dtype: "float32", shape: [numbers.length], elements: Float32Array.from(numbers) };
}

function draftJson(name: string, cells: Cells<Value>, options: DraftOptions): ColumnDraft {
  const format = { order: "insertion", maxNesting: options.maxNesting } as const;
  // A list around the value gives it the level it has in its payload.
  const texts = cells.map((cell) =>
    cell === undefined ? undefined : formatValue([cell], format, name).slice(1, -1),
  );
  return draftText(name, texts, new Map([[ENCODING_KEY, "json"]]));
}

function isOrAbsent<T extends Value>(
  is: (value: Value) => value is T,
): (value: Value | undefined) => value is T | undefined {
  return (value): value is T | undefined => value === undefined || is(value);
}

const isBoolean = (value: Value): value is boolean => typeof value === "boolean";
const isBytes = (value: Value): value is Uint8Array => value instanceof Uint8Array;
const isReference = (value: Value): value is AttachmentRef => value instanceof AttachmentRef;
const isNumber = (value: Value): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

function isText(value: Value): value is string {
  if (typeof value !== "string") return false;
  if (!value.isWellFormed()) {
    throw new EtherError("ether.ether_invalid", "text with a lone surrogate has no UTF-8 form");
  }
  return true;
}
