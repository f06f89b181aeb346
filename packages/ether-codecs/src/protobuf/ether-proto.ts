import { leb128Size } from "@proj/wire-types";
import { assembleEther, checkEnvelope } from "../assemble-ether.js";
import type { Attachment } from "../attachment.js";
import type { CodecContext } from "../codec.js";
import { EtherError } from "../errors.js";
import { type Ether, NO_VALUES } from "../ether.js";
import { resolveEtherLimits } from "../limits.js";
import { emptyMap, type Value, type ValueMap } from "../value.js";
import { attachmentSize, readAttachment, writeAttachment } from "./attachment-proto.js";
import { readValue, spend, type ValueBudget } from "./decode-value.js";
import { textSize, ValueEncoder } from "./encode-value.js";
import { ProtoReader } from "./proto-reader.js";
import { ProtoWriter } from "./proto-writer.js";

// Tags of the message, number × 8 + wire type. spec/xcp.md §14.2
const KIND = 0x0a;
const SCHEMA_VERSION = 0x10;
const PAYLOAD = 0x1a;
const METADATA = 0x22;
const EXTRA_FIELDS = 0x2a;
const ATTACHMENTS = 0x32;
const ENTRY_KEY = 0x0a;
const ENTRY_VALUE = 0x12;

/**
 * Encodes an Ether as an EtherProto message.
 *
 * @throws EtherError `ether.ether_invalid`, `ether.attachment_invalid`, `ether.too_large`.
 * @see spec/xcp.md §14.2
 */
export function encodeEtherProto(
  ether: Ether,
  context: CodecContext = {},
): Uint8Array<ArrayBuffer> {
  const limits = context.limits ?? resolveEtherLimits();
  checkEnvelope(ether, limits);
  const writer = new ProtoWriter();
  const values = new ValueEncoder(writer, {
    maxNesting: limits.maxNesting,
    deterministic: context.deterministic === true,
    tensorExtension: context.tensorExtension === true,
  });
  const { kind, schemaVersion, payload, metadata, extraFields, attachments } = ether;
  const kindSize = textSize(kind);
  let size = 1 + leb128Size(kindSize) + kindSize + 1 + leb128Size(schemaVersion);
  size += entriesSize(payload, values, kind);
  size += entriesSize(metadata, values, "");
  size += entriesSize(extraFields, values, "");
  for (const attachment of attachments) {
    const length = attachmentSize(attachment);
    size += 1 + leb128Size(length) + length;
  }

  writer.start(size);
  writer.byte(KIND);
  writer.varint(kindSize);
  writer.text(kind, kindSize);
  writer.byte(SCHEMA_VERSION);
  writer.varint(schemaVersion);
  writeEntries(PAYLOAD, payload, writer, values, kind);
  writeEntries(METADATA, metadata, writer, values, "");
  writeEntries(EXTRA_FIELDS, extraFields, writer, values, "");
  for (const attachment of attachments) {
    writer.byte(ATTACHMENTS);
    writer.varint(attachmentSize(attachment));
    writeAttachment(attachment, writer);
  }
  return writer.finish();
}

/**
 * Decodes an EtherProto message; fields in any order, unknown ones skipped and counted.
 *
 * Bytes, and aligned vectors, are views of `body`.
 *
 * @throws EtherError `ether.body_malformed`, `ether.ether_invalid`, `ether.attachment_invalid`, `ether.too_large`,
 * `ether.tensor_header`, `ether.tensor_size`.
 * @see spec/xcp.md §14.2
 */
export function decodeEtherProto(body: Uint8Array, context: CodecContext = {}): Ether {
  const limits = context.limits ?? resolveEtherLimits();
  const budget: ValueBudget = {
    limits,
    tensorExtension: context.tensorExtension === true,
    values: 0,
  };
  const reader = new ProtoReader(body);
  let kind = "";
  let schemaVersion = 0;
  const payload = emptyMap();
  const metadata = emptyMap();
  const extraFields = emptyMap();
  const attachments: Attachment[] = [];
  let unknown = 0;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case KIND:
        kind = reader.text(reader.length());
        break;
      case SCHEMA_VERSION:
        schemaVersion = Number(reader.bigVarint());
        break;
      case PAYLOAD:
        readEntry(reader, payload, budget);
        break;
      case METADATA:
        readEntry(reader, metadata, budget);
        break;
      case EXTRA_FIELDS:
        readEntry(reader, extraFields, budget);
        break;
      case ATTACHMENTS:
        spend(budget);
        if (attachments.length >= limits.maxAttachments) {
          throw new EtherError("ether.too_large", `more than ${limits.maxAttachments} attachments`);
        }
        attachments.push(readAttachment(reader));
        break;
      default:
        unknown++;
        reader.skipField(tag);
    }
  }
  if (unknown > 0) context.countUnknown?.(unknown);
  return assembleEther(
    {
      kind,
      schemaVersion,
      payload,
      metadata: orNone(metadata),
      extraFields: orNone(extraFields),
      attachments,
    },
    limits,
  );
}

// What the schema says is float32 stays so when it comes as a list of numbers. spec/xcp.md §14.2
function isFloat32(kind: string, key: string): boolean {
  return kind === "embedding" && key === "values";
}

function entriesSize(map: ValueMap, values: ValueEncoder, kind: string): number {
  let size = 0;
  for (const key of values.keys(map)) {
    const keySize = textSize(key);
    const valueSize = values.measure(map[key] as Value, 2, isFloat32(kind, key));
    const entry = 1 + leb128Size(keySize) + keySize + 1 + leb128Size(valueSize) + valueSize;
    size += 1 + leb128Size(entry) + entry;
  }
  return size;
}

function writeEntries(
  tag: number,
  map: ValueMap,
  writer: ProtoWriter,
  values: ValueEncoder,
  kind: string,
): void {
  for (const key of values.keys(map)) {
    const keySize = textSize(key);
    const valueSize = writer.size();
    writer.byte(tag);
    writer.varint(1 + leb128Size(keySize) + keySize + 1 + leb128Size(valueSize) + valueSize);
    writer.byte(ENTRY_KEY);
    writer.varint(keySize);
    writer.text(key, keySize);
    writer.byte(ENTRY_VALUE);
    writer.varint(valueSize);
    values.write(map[key] as Value, valueSize, isFloat32(kind, key));
  }
}

function readEntry(reader: ProtoReader, map: Record<string, Value>, budget: ValueBudget): void {
  const outer = reader.end;
  const length = reader.length();
  reader.end = reader.at + length;
  let key = "";
  let value: Value = "";
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ENTRY_KEY) key = reader.text(reader.length());
    else if (tag === ENTRY_VALUE) value = readValue(reader, reader.length(), 2, budget);
    else reader.skipField(tag);
  }
  spend(budget);
  map[key] = value;
  reader.end = outer;
}

function orNone(map: ValueMap): ValueMap {
  for (const _ in map) return map;
  return NO_VALUES;
}
