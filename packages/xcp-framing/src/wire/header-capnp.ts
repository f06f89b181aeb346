import { decodeUtf8, encodeUtf8Into, type SchemaKey, utf8Length } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { CapnpReader, type CapnpStruct } from "./capnp-reader.js";
import {
  HASH128_BYTES,
  MAX_HEADER_BYTES,
  MAX_TAG_KEY_BYTES,
  MAX_TAG_VALUE_BYTES,
  MAX_TAGS,
} from "./constants.js";
import { claimedKey, type FrameHeader, NO_TAGS, type Tag } from "./header.js";
import { loadU16, loadU32, loadU64, storeU16, storeU32, storeU64 } from "./little-endian.js";

// Offsets in HEADER as every writer of today's schema lays it out: segment table, root pointer, root struct. §4
const ROOT_POINTER = 8;
const ROOT = 16;
const KEY_POINTER = 40;
const TAGS_POINTER = 48;
const KEY = 56;
const HASH_POINTER = 72;
const HASH = 80;
const WORD = 8;

// Sizes words of pointers: data words and pointers of a struct; elements and element size of a list.
const ROOT_SIZES = 0x0002_0003;
const KEY_SIZES = 0x0001_0002;
const TAG_SIZES = 0x0002_0000;
const HASH_SIZES = 0x82;
const BYTE_ELEMENTS = 2;
const COMPOSITE_ELEMENTS = 7;
const LIST = 1;
const NEXT_WORD = 0x4;

// What a null root pointer stands for: every field reads as its default.
const EMPTY: CapnpStruct = { segment: 0, dataAt: 0, dataBytes: 0, pointersAt: 0, pointers: 0 };

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
  storeU32(into, at + ROOT, header.channelId);
  storeU16(into, at + ROOT + 4, header.msgType);
  storeU16(into, at + ROOT + 6, header.bodyCodec);
  storeU64(into, at + ROOT + 8, header.msgId);
  storeU64(into, at + ROOT + 16, header.inReplyTo);
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
  const size = capnpHeaderSize(header);
  const bytes = new Uint8Array(size);
  writeCapnpHeader(bytes, 0, header, size);
  return bytes;
}

/**
 * Decodes a HEADER of the v0.2 profile. Nothing in the result refers to `bytes`.
 *
 * A schema key that is all zero reads as none.
 *
 * @throws XcpError `xcp.header_malformed`
 * @see spec/xcp.md §4
 */
export function decodeCapnpHeader(bytes: Uint8Array): FrameHeader {
  return readCapnpHeader(bytes, 0, bytes.length);
}

/**
 * Decodes the HEADER of `length` bytes at `at`, which lies within `bytes`. See {@link decodeCapnpHeader}.
 *
 * @param lastKey The key of an earlier frame: returned again where this frame has the same one.
 */
export function readCapnpHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  lastKey?: SchemaKey,
): FrameHeader {
  const usual =
    length >= KEY &&
    loadU32(bytes, at) === 0 &&
    loadU32(bytes, at + 4) * WORD === length - ROOT_POINTER &&
    loadU32(bytes, at + ROOT_POINTER) === 0 &&
    loadU32(bytes, at + ROOT_POINTER + 4) === ROOT_SIZES &&
    loadU32(bytes, at + TAGS_POINTER) === 0 &&
    loadU32(bytes, at + TAGS_POINTER + 4) === 0;
  if (usual) {
    const keyWord = loadU32(bytes, at + KEY_POINTER);
    const keySizes = loadU32(bytes, at + KEY_POINTER + 4);
    if (keyWord === 0 && keySizes === 0) return fixedFields(bytes, at + ROOT, undefined, NO_TAGS);
    if (keyWord === NEXT_WORD && keySizes === KEY_SIZES && length >= HASH) {
      const hashWord = loadU32(bytes, at + HASH_POINTER);
      const hashSizes = loadU32(bytes, at + HASH_POINTER + 4);
      const hashed =
        hashWord === LIST && hashSizes === HASH_SIZES && length >= HASH + HASH128_BYTES;
      if (hashed || (hashWord === 0 && hashSizes === 0)) {
        const key =
          lastKey !== undefined && isKeyAt(bytes, at, hashed, lastKey)
            ? lastKey
            : fixedKey(bytes, at + KEY, hashed ? hashAt(bytes, at + HASH) : undefined);
        return fixedFields(bytes, at + ROOT, key, NO_TAGS);
      }
    }
  }
  return readGeneral(bytes.subarray(at, at + length));
}

function fixedFields(
  bytes: Uint8Array,
  at: number,
  schemaKey: SchemaKey | undefined,
  tags: readonly Tag[],
): FrameHeader {
  return {
    channelId: loadU32(bytes, at),
    msgType: loadU16(bytes, at + 4),
    bodyCodec: loadU16(bytes, at + 6),
    schemaKey,
    msgId: loadU64(bytes, at + 8),
    inReplyTo: loadU64(bytes, at + 16),
    tags,
  };
}

// Frames of a connection mostly repeat one key: comparing it costs less than making it anew.
function isKeyAt(bytes: Uint8Array, at: number, hashed: boolean, key: SchemaKey): boolean {
  const { hash128 } = key;
  if (
    loadU32(bytes, at + KEY + 4) !== key.kindId ||
    loadU32(bytes, at + KEY) !== key.nsHash ||
    loadU16(bytes, at + KEY + 8) !== key.major ||
    loadU16(bytes, at + KEY + 10) !== key.minor ||
    (hash128 !== undefined) !== hashed
  ) {
    return false;
  }
  if (hash128 === undefined) return true;
  for (let i = 0; i < HASH128_BYTES; i++) {
    if (bytes[at + HASH + i] !== hash128[i]) return false;
  }
  return true;
}

function hashAt(bytes: Uint8Array, at: number): Uint8Array {
  const hash = new Uint8Array(HASH128_BYTES);
  copyHash(bytes, at, hash, 0);
  return hash;
}

// Sixteen bytes are copied in less time than `set` or `slice` take to start.
function copyHash(from: Uint8Array, at: number, into: Uint8Array, intoAt: number): void {
  for (let i = 0; i < HASH128_BYTES; i++) into[intoAt + i] = from[at + i] as number;
}

function fixedKey(
  bytes: Uint8Array,
  at: number,
  hash128: Uint8Array | undefined,
): SchemaKey | undefined {
  const nsHash = loadU32(bytes, at);
  const kindId = loadU32(bytes, at + 4);
  const major = loadU16(bytes, at + 8);
  const minor = loadU16(bytes, at + 10);
  return claimedKey(
    hash128 === undefined
      ? { nsHash, kindId, major, minor }
      : { nsHash, kindId, major, minor, hash128 },
  );
}

// Any legal encoding, at a general reader's pace.
function readGeneral(bytes: Uint8Array): FrameHeader {
  const reader = new CapnpReader(bytes);
  const root = reader.root() ?? EMPTY;
  const key = reader.structAt(root, 0);
  const tags = reader.structsAt(root, 1, MAX_TAGS);
  return {
    channelId: reader.u32(root, 0),
    msgType: reader.u16(root, 4),
    bodyCodec: reader.u16(root, 6),
    schemaKey: key === undefined ? undefined : generalKey(reader, key),
    msgId: reader.u64(root, 8),
    inReplyTo: reader.u64(root, 16),
    tags: tags.length === 0 ? NO_TAGS : tags.map((tag) => generalTag(reader, tag)),
  };
}

function generalKey(reader: CapnpReader, key: CapnpStruct): SchemaKey | undefined {
  const hash = reader.bytesAt(key, 0, HASH128_BYTES);
  if (hash !== undefined && hash.length !== 0 && hash.length !== HASH128_BYTES) {
    throw new XcpError("xcp.header_malformed", `hash128 of ${hash.length} bytes`);
  }
  const fields = {
    nsHash: reader.u32(key, 0),
    kindId: reader.u32(key, 4),
    major: reader.u16(key, 8),
    minor: reader.u16(key, 10),
  };
  return claimedKey(
    hash === undefined || hash.length === 0 ? fields : { ...fields, hash128: new Uint8Array(hash) },
  );
}

function generalTag(reader: CapnpReader, tag: CapnpStruct): Tag {
  return {
    key: text(reader.bytesAt(tag, 0, MAX_TAG_KEY_BYTES + 1)),
    val: text(reader.bytesAt(tag, 1, MAX_TAG_VALUE_BYTES + 1)),
  };
}

function text(terminated: Uint8Array | undefined): string {
  if (terminated === undefined) return "";
  if (terminated.at(-1) !== 0) throw new XcpError("xcp.header_malformed", "a text has no NUL");
  try {
    return decodeUtf8(terminated.subarray(0, -1));
  } catch (cause) {
    throw new XcpError("xcp.header_malformed", "a tag is not UTF-8", { cause });
  }
}

// Returns the end of what was written.
function writeKey(into: Uint8Array, at: number, key: SchemaKey): number {
  storeU32(into, at + KEY_POINTER, NEXT_WORD);
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
  storeU32(into, at + HASH_POINTER, LIST);
  storeU32(into, at + HASH_POINTER + 4, HASH_SIZES);
  copyHash(key.hash128, 0, into, at + HASH);
  return at + HASH + HASH128_BYTES;
}

function writeTags(into: Uint8Array, pointer: number, at: number, tags: readonly Tag[]): void {
  const words = 2 * tags.length;
  storeU32(into, pointer, nearList(pointer, at));
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
  storeU32(into, pointer, nearList(pointer, at));
  storeU32(into, pointer + 4, ((length + 1) << 3) | BYTE_ELEMENTS);
  const end = at + padded(length + 1);
  into.fill(0, at + length, end);
  encodeUtf8Into(value, into.subarray(at, at + length));
  return end;
}

function storeNull(into: Uint8Array, pointer: number): void {
  storeU32(into, pointer, 0);
  storeU32(into, pointer + 4, 0);
}

function nearList(pointer: number, at: number): number {
  return (((at - pointer - WORD) / WORD) << 2) | LIST;
}

function textSize(value: string, maxBytes: number): number {
  const length = utf8Length(value);
  if (length > maxBytes) throw new RangeError(`tag text of ${length} bytes, limit ${maxBytes}`);
  return padded(length + 1);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}
