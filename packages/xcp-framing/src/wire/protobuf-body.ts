import { ByteReader, ByteWriter } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import {
  type BodySchema,
  completeBody,
  type Field,
  type FieldValue,
  isEmptyValue,
  isRepeated,
  MAX_REPEATED,
  narrowed,
  valueOf,
} from "./control-schema.js";
import { type MsgId, toMsgId } from "./header.js";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;

// Fields of a map's entries.
const KEY = 1;
const VALUE = 2;

const MAX_GROUP_DEPTH = 8;
const MAX_TAG = 0xffff_ffff;
// Varints of up to 7 bytes fit a double.
const SMALL_VARINT_BYTES = 7;

/**
 * Writes a body in its Protobuf form, fields in the order of their numbers.
 *
 * @throws RangeError for a value that its field cannot hold.
 */
export function writeProtobuf<T>(schema: BodySchema<T>, body: object, writer: ByteWriter): void {
  for (const field of schema.byNumber.values()) {
    const value = valueOf(body, field);
    if (value === undefined) continue;
    if (field.type.kind === "bytesByText") {
      writeEntries(field, value as ReadonlyMap<string, Uint8Array>, writer);
    } else if (isRepeated(field)) writeList(field, value as readonly FieldValue[], writer);
    else if (field.presence === "explicit" || !isEmptyValue(value)) {
      writeTag(field, writer);
      writeValue(field, value, writer);
    }
  }
}

function writeTag(field: Field, writer: ByteWriter): void {
  writer.leb128(field.number * 8 + (isVarint(field) ? VARINT : LENGTH_DELIMITED));
}

function writeValue(field: Field, value: FieldValue, writer: ByteWriter): void {
  if (typeof value === "number") writer.leb128(value);
  else if (typeof value === "bigint") writer.leb128Big(value);
  else if (typeof value === "boolean") writer.u8(value ? 1 : 0);
  else if (typeof value === "string") writer.lengthAndText(value);
  else if (value instanceof Uint8Array) writer.leb128(value.length).bytes(value);
  else if (field.type.kind === "message") {
    const inner = new ByteWriter();
    writeProtobuf(field.type.schema, value as object, inner);
    writer.leb128(inner.length).bytes(inner.view());
  }
}

// Numbers are packed, everything else is repeated under its tag.
function writeList(field: Field, list: readonly FieldValue[], writer: ByteWriter): void {
  if (list.length === 0) return;
  if (!isVarint(field)) {
    for (const value of list) {
      writeTag(field, writer);
      writeValue(field, value, writer);
    }
    return;
  }
  const packed = new ByteWriter();
  for (const value of list) writeValue(field, value, packed);
  writer.leb128(field.number * 8 + LENGTH_DELIMITED);
  writer.leb128(packed.length).bytes(packed.view());
}

function writeEntries(
  field: Field,
  entries: ReadonlyMap<string, Uint8Array>,
  writer: ByteWriter,
): void {
  for (const [key, value] of entries) {
    const entry = new ByteWriter();
    entry.leb128(8 * KEY + LENGTH_DELIMITED).lengthAndText(key);
    entry.leb128(8 * VALUE + LENGTH_DELIMITED);
    entry.leb128(value.length).bytes(value);
    writeTag(field, writer);
    writer.leb128(entry.length).bytes(entry.view());
  }
}

/**
 * Reads a body in its Protobuf form. Unknown fields are skipped, of duplicates the last one wins; byte fields are copies.
 *
 * @throws XcpError `xcp.body_malformed`
 * @throws WireError from the floor, for bytes that end early or are not UTF-8.
 */
export function readProtobuf<T>(schema: BodySchema<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const read = new Map<string, FieldValue>();
  while (reader.remaining > 0) {
    const tag = reader.leb128();
    const number = Math.floor(tag / 8);
    if (number === 0 || tag > MAX_TAG) throw malformed(`field number ${number}`);
    const field = schema.byNumber.get(number);
    if (field === undefined || !readField(field, tag % 8, reader, read)) {
      skipField(tag % 8, reader, 0);
    }
  }
  return completeBody(schema, read);
}

// Tells whether the wire type was one that this field has; with another one it is an unknown field.
function readField(
  field: Field,
  wireType: number,
  reader: ByteReader,
  read: Map<string, FieldValue>,
): boolean {
  const repeated = isRepeated(field);
  const packed = repeated && isVarint(field) && wireType === LENGTH_DELIMITED;
  if (!packed && wireType !== (isVarint(field) ? VARINT : LENGTH_DELIMITED)) return false;
  const before = read.get(field.property);
  if (field.type.kind === "bytesByText") {
    const entries = before instanceof Map ? before : new Map<string, Uint8Array>();
    readEntry(delimited(reader), entries);
    if (entries.size > MAX_REPEATED) throw malformed(`more than ${MAX_REPEATED} ${field.name}`);
    read.set(field.property, entries);
  } else if (repeated) {
    const list: FieldValue[] = Array.isArray(before) ? before : [];
    read.set(field.property, list);
    if (!packed) append(field, list, reader);
    else {
      const elements = delimited(reader);
      while (elements.remaining > 0) append(field, list, elements);
    }
  } else read.set(field.property, readValue(field, reader));
  return true;
}

function append(field: Field, list: FieldValue[], reader: ByteReader): void {
  if (list.length === MAX_REPEATED) throw malformed(`more than ${MAX_REPEATED} ${field.name}`);
  list.push(readValue(field, reader));
}

function readValue(field: Field, reader: ByteReader): FieldValue {
  const { type } = field;
  if (isVarint(field)) return narrowed(field, readVarint(reader));
  const size = reader.leb128();
  if (type.kind === "text") return narrowed(field, reader.text(size));
  const bytes = reader.view(size);
  if (type.kind === "message") return readProtobuf(type.schema, bytes) as object;
  return narrowed(field, new Uint8Array(bytes));
}

function readEntry(entry: ByteReader, entries: Map<string, Uint8Array>): void {
  let key = "";
  let value: Uint8Array = new Uint8Array(0);
  while (entry.remaining > 0) {
    const tag = entry.leb128();
    if (tag === 8 * KEY + LENGTH_DELIMITED) key = entry.text(entry.leb128());
    else if (tag === 8 * VALUE + LENGTH_DELIMITED)
      value = new Uint8Array(entry.view(entry.leb128()));
    else skipField(tag % 8, entry, 0);
  }
  entries.set(key, value);
}

function delimited(reader: ByteReader): ByteReader {
  return new ByteReader(reader.view(reader.leb128()));
}

function readVarint(reader: ByteReader): MsgId {
  const { bytes, offset } = reader;
  for (let i = 0; i < SMALL_VARINT_BYTES; i++) {
    if (((bytes[offset + i] ?? 0) & 0x80) === 0) return reader.leb128();
  }
  return toMsgId(reader.leb128Big());
}

function skipField(wireType: number, reader: ByteReader, depth: number): void {
  switch (wireType) {
    case VARINT:
      reader.leb128Big();
      return;
    case FIXED64:
      reader.skip(8);
      return;
    case LENGTH_DELIMITED:
      reader.skip(reader.leb128());
      return;
    case FIXED32:
      reader.skip(4);
      return;
    case GROUP_START:
      skipGroup(reader, depth + 1);
      return;
    default:
      throw malformed(`wire type ${wireType}`);
  }
}

function skipGroup(reader: ByteReader, depth: number): void {
  if (depth > MAX_GROUP_DEPTH) throw malformed(`groups nested deeper than ${MAX_GROUP_DEPTH}`);
  for (;;) {
    const wireType = reader.leb128() % 8;
    if (wireType === GROUP_END) return;
    skipField(wireType, reader, depth);
  }
}

function isVarint(field: Field): boolean {
  switch (field.type.kind) {
    case "u32":
    case "u16":
    case "id":
    case "count":
    case "bits":
    case "bool":
      return true;
    case "text":
    case "bytes":
    case "bytesByText":
    case "message":
      return false;
  }
}

function malformed(message: string): XcpError {
  return new XcpError("xcp.body_malformed", message);
}
