import { isDType, leb128Size, utf8Length } from "@proj/wire-types";
import type { Attachment } from "../attachment.js";
import { EtherError } from "../errors.js";
import type { ProtoReader } from "./proto-reader.js";
import type { ProtoWriter } from "./proto-writer.js";

// Tags of the message, number × 8 + wire type. spec/xcp.md §14.2
const ID = 0x0a;
const URI = 0x12;
const MEDIA_TYPE = 0x1a;
const CODEC = 0x22;
const SHAPE = 0x2a;
const SHAPE_UNPACKED = 0x28;
const DTYPE = 0x32;
const SIZE_BYTES = 0x38;
const INLINE_BYTES = 0x42;

/** Dimensions that one attachment may have: far above any tensor, far below a flood. */
const MAX_DIMENSIONS = 1024;

/** Bytes of an attachment's message. */
export function attachmentSize(attachment: Attachment): number {
  const { id, uri, mediaType, codec, shape, dtype, sizeBytes, inlineBytes } = attachment;
  let size = fieldSize(utf8Length(id));
  for (const text of [uri, mediaType, codec, dtype]) {
    if (text !== undefined) size += fieldSize(utf8Length(text));
  }
  if (shape !== undefined && shape.length > 0) size += fieldSize(packedSize(shape));
  if (sizeBytes !== undefined && sizeBytes > 0) size += 1 + leb128Size(sizeBytes);
  if (inlineBytes !== undefined && inlineBytes.length > 0) size += fieldSize(inlineBytes.length);
  return size;
}

/** Writes an attachment's message, without its length; unset and empty are the same. */
export function writeAttachment(attachment: Attachment, writer: ProtoWriter): void {
  const { shape, sizeBytes, inlineBytes } = attachment;
  writeText(ID, attachment.id, writer);
  writeText(URI, attachment.uri, writer);
  writeText(MEDIA_TYPE, attachment.mediaType, writer);
  writeText(CODEC, attachment.codec, writer);
  if (shape !== undefined && shape.length > 0) {
    writer.byte(SHAPE);
    writer.varint(packedSize(shape));
    for (const dimension of shape) writer.varint(dimension);
  }
  writeText(DTYPE, attachment.dtype, writer);
  if (sizeBytes !== undefined && sizeBytes > 0) {
    writer.byte(SIZE_BYTES);
    writer.varint(sizeBytes);
  }
  if (inlineBytes !== undefined && inlineBytes.length > 0) {
    writer.byte(INLINE_BYTES);
    writer.varint(inlineBytes.length);
    writer.raw(inlineBytes);
  }
}

/**
 * Reads the length and the message of an attachment; without uri it is inline, and its bytes are a view.
 *
 * @throws EtherError `ether.body_malformed`, `ether.attachment_invalid`.
 */
export function readAttachment(reader: ProtoReader): Attachment {
  const outer = reader.end;
  const length = reader.length();
  reader.end = reader.at + length;
  const texts = new Map<number, string>();
  const shape: number[] = [];
  let sizeBytes = 0;
  let inlineBytes = new Uint8Array(0) as Uint8Array;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (textTags.has(tag)) texts.set(tag, reader.text(reader.length()));
    else if (tag === SHAPE) readShape(reader, shape);
    else if (tag === SHAPE_UNPACKED) addDimension(reader, shape);
    else if (tag === SIZE_BYTES) sizeBytes = Number(reader.bigVarint());
    else if (tag === INLINE_BYTES) inlineBytes = reader.view(reader.length());
    else reader.skipField(tag);
  }
  reader.end = outer;
  const uri = present(texts, URI);
  const mediaType = present(texts, MEDIA_TYPE);
  const codec = present(texts, CODEC);
  const dtype = present(texts, DTYPE);
  if (dtype !== undefined && !isDType(dtype)) throw invalid("its dtype is unknown");
  if (uri !== undefined && inlineBytes.length > 0)
    throw invalid("it has both uri and inline_bytes");
  return {
    id: texts.get(ID) ?? "",
    ...(uri === undefined ? { inlineBytes } : { uri }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(codec === undefined ? {} : { codec }),
    ...(shape.length === 0 ? {} : { shape }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(sizeBytes === 0 ? {} : { sizeBytes }),
  };
}

const textTags = new Set([ID, URI, MEDIA_TYPE, CODEC, DTYPE]);

function present(texts: ReadonlyMap<number, string>, tag: number): string | undefined {
  const text = texts.get(tag);
  return text === "" ? undefined : text;
}

function readShape(reader: ProtoReader, shape: number[]): void {
  const outer = reader.end;
  const length = reader.length();
  reader.end = reader.at + length;
  while (reader.at < reader.end) addDimension(reader, shape);
  reader.end = outer;
}

function addDimension(reader: ProtoReader, shape: number[]): void {
  if (shape.length >= MAX_DIMENSIONS)
    throw invalid(`it has more than ${MAX_DIMENSIONS} dimensions`);
  shape.push(reader.varint());
}

function writeText(tag: number, text: string | undefined, writer: ProtoWriter): void {
  if (text === undefined || text === "") return;
  writer.byte(tag);
  writer.lengthAndText(text);
}

function fieldSize(length: number): number {
  return length === 0 ? 0 : 1 + leb128Size(length) + length;
}

function packedSize(shape: readonly number[]): number {
  return shape.reduce((sum, dimension) => sum + leb128Size(dimension), 0);
}

function invalid(what: string): EtherError {
  return new EtherError("ether.attachment_invalid", `attachment: ${what}`);
}
