import { encodeUtf8Into, type SchemaKey, utf8Length } from "@proj/wire-types";
import {
  BYTE_ELEMENTS,
  COMPOSITE_ELEMENTS,
  HASH,
  HASH_POINTER,
  HASH_SIZES,
  KEY,
  KEY_POINTER,
  KEY_SIZES,
  LIST_HERE,
  ROOT,
  ROOT_POINTER,
  ROOT_SIZES,
  STRUCT_AFTER_NEXT,
  TAGS_POINTER,
  TAG_SIZES,
  WORD,
  listPointer,
  padded,
} from "./capnp-layout.js";
import {
  HASH128_BYTES,
  MAX_HEADER_BYTES,
  MAX_TAG_KEY_BYTES,
  MAX_TAG_VALUE_BYTES,
  MAX_TAGS,
} from "./constants.js";
import type { FrameHeader, Tag } from "./header.js";
import { storeU16, storeU32, storeU64 } from "./little-endian.js";

// Calling the encoder takes longer than a loop for ASCII texts of this length.
const SHORT_TEXT_BYTES = 64;

// A header without key and tags whose fields are zero: copying it is faster than writing it.
const PLAIN = new Uint8Array(KEY);
PLAIN[4] = (KEY - ROOT_POINTER) / WORD;
storeU32(PLAIN, ROOT_POINTER + 4, ROOT_SIZES);

/** Bytes that the HEADER of `header` takes. */
export function capnpHeaderSize(header: FrameHeader): number {
  let size = KEY;
  if (header.schemaKey !== undefined) {
    size += HASH - KEY + (header.schemaKey.hash128 === undefined ? 0 : HASH128_BYTES);
  }
  if (header.tags.length > 0) {
    if (header.tags.length > MAX_TAGS) {
      throw new RangeError(`${header.tags.length} tags, limit ${MAX_TAGS}`);
    }
    size += WORD;
    for (const tag of header.tags) {
      size += 2 * WORD;
      size += textSize(tag.key, MAX_TAG_KEY_BYTES) + textSize(tag.val, MAX_TAG_VALUE_BYTES);
    }
  }
  if (size > MAX_HEADER_BYTES) {
    throw new RangeError(`header of ${size} bytes, limit ${MAX_HEADER_BYTES}`);
  }
  return size;
}

/**
 * Writes HEADER at `at` of `into`, which has room for its `size` of {@link capnpHeaderSize}.
 *
 * One segment in the order root, schemaKey, hash128, tags, texts: the bytes that the reference implementation of Cap'n
 * Proto writes.
 *
 * @see spec/xcp.md §4
 */
export function writeCapnpHeader(
  into: Uint8Array,
  at: number,
  header: FrameHeader,
  size: number,
): void {
  storeU32(into, at, 0);
  storeU32(into, at + 4, (size - ROOT_POINTER) / WORD);
  storeU32(into, at + ROOT_POINTER, 0);
  storeU32(into, at + ROOT_POINTER + 4, ROOT_SIZES);
  writeFields(into, at + ROOT, header);
  let end = at + KEY;
  if (header.schemaKey === undefined) storeNull(into, at + KEY_POINTER);
  else end = writeKey(into, at, header.schemaKey);
  if (header.tags.length === 0) storeNull(into, at + TAGS_POINTER);
  else writeTags(into, at + TAGS_POINTER, end, header.tags);
}

/**
 * Encodes a HEADER of the v0.2 profile into a new buffer.
 *
 * @throws RangeError for a header that no receiver may accept.
 * @see spec/xcp.md §4
 */
export function encodeCapnpHeader(header: FrameHeader): Uint8Array {
  if (header.schemaKey === undefined && header.tags.length === 0) {
    const plain = new Uint8Array(PLAIN);
    writeFields(plain, ROOT, header);
    return plain;
  }
  const size = capnpHeaderSize(header);
  const bytes = new Uint8Array(size);
  writeCapnpHeader(bytes, 0, header, size);
  return bytes;
}

function writeFields(into: Uint8Array, at: number, header: FrameHeader): void {
  storeU32(into, at, header.channelId);
  storeU16(into, at + 4, header.msgType);
  storeU16(into, at + 6, header.bodyCodec);
  storeU64(into, at + 8, header.msgId);
  storeU64(into, at + 16, header.inReplyTo);
}

// Returns the end of what was written.
function writeKey(into: Uint8Array, at: number, key: SchemaKey): number {
  storeU32(into, at + KEY_POINTER, STRUCT_AFTER_NEXT);
  storeU32(into, at + KEY_POINTER + 4, KEY_SIZES);
  storeU32(into, at + KEY, key.nsHash);
  storeU32(into, at + KEY + 4, key.kindId);
  storeU16(into, at + KEY + 8, key.major);
  storeU16(into, at + KEY + 10, key.minor);
  storeU32(into, at + KEY + 12, 0);
  if (key.hash128 === undefined) {
    storeNull(into, at + HASH_POINTER);
    return at + HASH;
  }
  if (key.hash128.length !== HASH128_BYTES) {
    throw new RangeError(`hash128 of ${key.hash128.length} bytes`);
  }
  storeU32(into, at + HASH_POINTER, LIST_HERE);
  storeU32(into, at + HASH_POINTER + 4, HASH_SIZES);
  copyHash(key.hash128, 0, into, at + HASH);
  return at + HASH + HASH128_BYTES;
}

function writeTags(into: Uint8Array, pointer: number, at: number, tags: readonly Tag[]): void {
  const words = 2 * tags.length;
  storeU32(into, pointer, listPointer(pointer, at));
  storeU32(into, pointer + 4, (words << 3) | COMPOSITE_ELEMENTS);
  storeU32(into, at, tags.length << 2);
  storeU32(into, at + 4, TAG_SIZES);
  let textPointer = at + WORD;
  let end = textPointer + WORD * words;
  for (const tag of tags) {
    end = writeText(into, textPointer, end, tag.key);
    end = writeText(into, textPointer + WORD, end, tag.val);
    textPointer += 2 * WORD;
  }
}

function writeText(into: Uint8Array, pointer: number, at: number, value: string): number {
  const length = utf8Length(value);
  storeU32(into, pointer, listPointer(pointer, at));
  storeU32(into, pointer + 4, ((length + 1) << 3) | BYTE_ELEMENTS);
  const end = at + padded(length + 1);
  into.fill(0, at + length, end);
  if (length === value.length && length <= SHORT_TEXT_BYTES) {
    for (let i = 0; i < length; i++) into[at + i] = value.charCodeAt(i);
  } else encodeUtf8Into(value, into.subarray(at, at + length));
  return end;
}

function storeNull(into: Uint8Array, pointer: number): void {
  storeU32(into, pointer, 0);
  storeU32(into, pointer + 4, 0);
}

function textSize(value: string, maxBytes: number): number {
  const length = utf8Length(value);
  if (length > maxBytes) throw new RangeError(`tag text of ${length} bytes, limit ${maxBytes}`);
  return padded(length + 1);
}

// Sixteen bytes are copied in less time than `set` or `slice` take to start.
function copyHash(from: Uint8Array, at: number, into: Uint8Array, intoAt: number): void {
  for (let i = 0; i < HASH128_BYTES; i++) into[intoAt + i] = from[at + i] as number;
}
