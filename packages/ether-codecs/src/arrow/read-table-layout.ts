import { type TypedArray } from "@proj/wire-types";
import { assembleEther } from "../assemble-ether.js";
import type { Ether } from "../ether.js";
import { emptyMap, type Value } from "../value.js";
import type { ArrowField } from "./arrow-type.js";
import type { BatchMetadata } from "./batch-metadata.js";
import type { ArrowColumn } from "./column.js";
import { payloadKey } from "./column-name.js";
import type { ArrowTable } from "./read-batches.js";
import type { ReadContext } from "./read-context.js";
import { ENCODING_KEY } from "./encoding-key.js";
import { slotReader } from "./slot-reader.js";
import { type NumericBlock, numericBlock, vectorValue } from "./vector-slots.js";

/**
 * Reads the one Ether whose columns are vectors, tensors or lists.
 *
 * Numbers and booleans become a vector or, in fixed-size lists, a tensor `[rows, ...]`: views of the table where they
 * lie in one batch, else joined copies. Any other column, and one with nulls, becomes a list.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large`, `ether.attachment_invalid`, `ether.ether_invalid`.
 * @see spec/xcp.md §14.7
 */
export function readTableLayout(
  table: ArrowTable,
  batch: BatchMetadata,
  context: ReadContext,
): Ether {
  const payload = emptyMap();
  for (const [i, field] of table.schema.fields.entries()) {
    const key = payloadKey(field.name);
    if (key === undefined) continue;
    const parts = table.batches.flatMap(({ columns }) => columns[i] ?? []);
    payload[key] = columnValue(field, parts, table.length, context);
  }
  const { kind, schemaVersion, metadata, extraFields, attachments } = batch;
  Object.assign(payload, batch.scalars);
  return assembleEther(
    { kind, schemaVersion, payload, metadata, extraFields, attachments },
    context.limits,
  );
}

function columnValue(
  field: ArrowField,
  parts: readonly ArrowColumn[],
  rows: number,
  context: ReadContext,
): Value {
  const blocks =
    parts.length === 0
      ? [numericBlock(emptyColumn(field), context)]
      : parts.map((part) => blockOf(part, context));
  const [first] = blocks;
  if (first !== undefined && !field.metadata.has(ENCODING_KEY)) {
    const whole = blocks.filter((block) => block !== undefined);
    if (whole.length === blocks.length) {
      return vectorValue(first.dtype, [rows, ...first.shape], joined(whole, parts));
    }
  }
  context.spend(rows);
  return parts.flatMap((part) => {
    const read = slotReader(part, context);
    return Array.from({ length: part.length }, (_, i) => read(i) ?? null);
  });
}

function blockOf(column: ArrowColumn, context: ReadContext): NumericBlock | undefined {
  return column.validity === undefined ? numericBlock(column, context) : undefined;
}

function joined(blocks: readonly NumericBlock[], parts: readonly ArrowColumn[]): TypedArray {
  const cut = blocks.map(({ elements, size }, i) =>
    elements.subarray(0, size * (parts[i]?.length ?? 0)),
  );
  const [only] = cut;
  if (only !== undefined && cut.length === 1) return only;
  const length = cut.reduce((sum, part) => sum + part.length, 0);
  const Elements = (only ?? new Uint8Array()).constructor as new (length: number) => TypedArray;
  const whole = new Elements(length);
  let at = 0;
  for (const part of cut) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}

// Stands in for a column of a table without batches, where only the type matters.
function emptyColumn(field: ArrowField): ArrowColumn {
  const { dictionary, ...plain } = field;
  return {
    field: plain,
    type: dictionary?.indexType ?? field.type,
    length: 0,
    data: new Uint8Array(0),
    children: field.children.map(emptyColumn),
    ...(dictionary === undefined ? {} : { dictionary: [] }),
  };
}
