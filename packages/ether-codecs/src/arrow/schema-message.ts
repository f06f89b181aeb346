import type { ArrowField, ArrowSchema, ArrowType } from "./arrow-type.js";
import { type FlatTable, malformed } from "./flat-reader.js";
import { type FlatFields, type FlatValue, FlatWriter } from "./flat-writer.js";
import {
  ENCAPSULATION_BYTES,
  MessageKind,
  METADATA_V5,
  writeEncapsulation,
} from "./message-kind.js";
import { decodeType, encodeType } from "./type-table.js";

// Deeper nesting than any Ether can hold is refused before it is followed.
const MAX_DEPTH = 64;

/**
 * Reads a Schema table.
 *
 * @param maxFields bound on columns and their children together.
 * @throws EtherError `ether.body_malformed`
 */
export function decodeSchema(table: FlatTable, maxFields: number): ArrowSchema {
  if (table.i16(0, 0) !== 0) throw malformed("a schema in big-endian byte order");
  const count = { left: maxFields };
  const fields = table.tables(1).map((field) => decodeField(field, count, 1));
  return { fields, metadata: decodePairs(table, 2) };
}

function decodeField(table: FlatTable, count: { left: number }, depth: number): ArrowField {
  count.left -= 1;
  if (count.left < 0 || depth > MAX_DEPTH) throw malformed("a schema with too many fields");
  const children = table.tables(5).map((child) => decodeField(child, count, depth + 1));
  const type = decodeType(table.u8(2, 0), table.table(3), children.length);
  const field = {
    name: table.text(0) ?? "",
    type,
    nullable: table.bool(1),
    children,
    metadata: decodePairs(table, 6),
  };
  const encoding = table.table(4);
  if (encoding === undefined) return field;
  return { ...field, dictionary: { id: encoding.i64(0), indexType: decodeIndexType(encoding) } };
}

function decodeIndexType(encoding: FlatTable): ArrowType {
  const index = encoding.table(1);
  if (index === undefined) return { kind: "int", bits: 32, signed: true };
  return decodeType(INT, index, 0);
}

const INT = 2;

function decodePairs(table: FlatTable, field: number): ReadonlyMap<string, string> {
  const pairs = table.tables(field).map((pair) => [pair.text(0), pair.text(1) ?? ""] as const);
  return new Map(pairs.filter((pair): pair is readonly [string, string] => pair[0] !== undefined));
}

/** The part of a schema message that depends on the columns only: what {@link encodeSchemaMessage} continues. */
export interface SchemaPrefix {
  readonly bytes: Uint8Array;
  /** Where the offset of the custom metadata lies. */
  readonly metadataAt: number;
}

/** Writes everything of a schema message but its custom metadata. */
export function encodeSchemaPrefix(fields: readonly ArrowField[]): SchemaPrefix {
  const writer = new FlatWriter(new Uint8Array(ENCAPSULATION_BYTES));
  const schema: FlatFields = [
    [1, { kind: "tables", value: fields.map(encodeField) }],
    [2, { kind: "later", mark: "metadata" }],
  ];
  writer.root([
    [0, { kind: "i16", value: METADATA_V5 }],
    [1, { kind: "u8", value: MessageKind.schema }],
    [2, { kind: "table", value: schema }],
  ]);
  return { bytes: writer.written, metadataAt: writer.marks.get("metadata") ?? 0 };
}

/** Completes a schema message with its custom metadata: the encapsulated message, a whole number of 8-byte words. */
export function encodeSchemaMessage(
  prefix: SchemaPrefix,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const writer = new FlatWriter(prefix.bytes);
  writer.attach(prefix.metadataAt, encodePairs(metadata));
  const message = writer.finish();
  writeEncapsulation(message);
  return message;
}

function encodeField(field: ArrowField): FlatFields {
  const { id, value } = encodeType(field.type);
  const metadata: FlatValue = { kind: "tables", value: encodePairs(field.metadata) };
  return [
    [0, { kind: "text", value: field.name }],
    [1, { kind: "u8", value: field.nullable ? 1 : 0 }],
    [2, { kind: "u8", value: id }],
    [3, { kind: "table", value }],
    [5, { kind: "tables", value: field.children.map(encodeField) }],
    ...(field.metadata.size === 0 ? [] : [[6, metadata] as const]),
  ];
}

function encodePairs(pairs: ReadonlyMap<string, string>): readonly FlatFields[] {
  return [...pairs].map(([key, value]) => [
    [0, { kind: "text", value: key }],
    [1, { kind: "text", value }],
  ]);
}
