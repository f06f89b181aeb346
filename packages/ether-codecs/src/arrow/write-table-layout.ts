import type { SchemaKey } from "@proj/wire-types";
import type { Ether } from "../ether.js";
import { attachmentToJson } from "../json/attachment-json.js";
import { canonicalJson } from "../schema/canonical-json.js";
import type { EtherLimits } from "../limits.js";
import { type Block, blockOf } from "../tensor/block.js";
import { emptyMap, type Value, type ValueMap } from "../value.js";
import { BatchKey } from "./batch-metadata.js";
import type { ColumnDraft } from "./column-draft.js";
import { columnName } from "./column-name.js";
import { draftColumn } from "./draft-column.js";
import { draftRows } from "./draft-vectors.js";
import type { LayoutDraft } from "./write-row-layout.js";
import { setMap, writeBatchMetadata } from "./write-batch-metadata.js";

/** A payload sorted into columns and the rest. */
export interface TablePlan {
  /** Length of every column. */
  readonly rows: number;
  /** Columns in payload order. */
  readonly columns: ReadonlyMap<string, Block | readonly Value[]>;
  /** What is no column. */
  readonly scalars: ValueMap;
}

/**
 * Sorts a payload for the table layout; `undefined` when its vectors and tensors differ in their first dimension or
 * there are no columns.
 *
 * A list counts as a column when it is as long as the vectors and reads back as it is: text, bytes or references, or
 * numbers or booleans with gaps.
 *
 * @see spec/xcp.md §14.7
 */
export function planTable(ether: Ether): TablePlan | undefined {
  const entries = Object.entries(ether.payload);
  const blocks = new Map<string, Block>();
  for (const [key, value] of entries) {
    const block = blockOf(value);
    if (block !== undefined) blocks.set(key, block);
  }
  const [first] = blocks.values();
  const lists = entries.flatMap(([, value]) => (isColumnList(value) ? [value.length] : []));
  const rows = first?.shape[0] ?? lists[0];
  if (rows === undefined) return undefined;
  if ([...blocks.values()].some(({ shape }) => shape[0] !== rows)) return undefined;
  const columns = new Map<string, Block | readonly Value[]>();
  const scalars = emptyMap();
  for (const [key, value] of entries) {
    const block = blocks.get(key);
    if (block !== undefined) columns.set(key, block);
    else if (isColumnList(value) && value.length === rows) columns.set(key, value);
    else if (value !== null) scalars[key] = value;
  }
  return { rows, columns, scalars };
}

/** Lays one Ether out as a table. @throws EtherError `ether.ether_invalid` for what JSON cannot carry, `ether.too_large`. */
export function draftTableLayout(
  ether: Ether,
  plan: TablePlan,
  limits: EtherLimits,
  schemaKey: SchemaKey | undefined,
): LayoutDraft {
  const { maxNesting } = limits;
  const { metadata, extraFields, attachments } = ether;
  const columns = [...plan.columns].map(([key, column]): ColumnDraft | undefined => {
    const name = columnName(key);
    if (!Array.isArray(column)) return draftRows(name, column as Block);
    return draftColumn(name, column as readonly Value[], { maxNesting, numberLists: "json" });
  });
  const description = { layout: "table", ether, schemaKey, maxNesting } as const;
  const pairs = writeBatchMetadata({ ...description, metadata, extraFields });
  setMap(pairs, BatchKey.scalars, plan.scalars, maxNesting);
  if (attachments.length > 0) {
    pairs.set(BatchKey.attachments, canonicalJson(attachments.map(attachmentToJson)));
  }
  return {
    columns: columns.filter((column) => column !== undefined),
    rows: plan.rows,
    metadata: pairs,
  };
}

function isColumnList(value: Value): value is readonly Value[] {
  if (!Array.isArray(value)) return false;
  const items: readonly Value[] = value;
  const present = items.filter((item) => item !== null);
  const [first] = present;
  if (first === undefined || typeof first === "bigint") return false;
  if (typeof first === "number" || typeof first === "boolean") {
    return present.length < items.length && present.every((item) => typeof item === typeof first);
  }
  if (typeof first === "string") return present.every((item) => typeof item === "string");
  return first instanceof Uint8Array && present.every((item) => item instanceof Uint8Array);
}
