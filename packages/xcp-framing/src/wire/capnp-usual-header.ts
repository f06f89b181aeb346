import type { SchemaKey } from "@proj/wire-types";
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
import { HASH128_BYTES, MAX_TAG_KEY_BYTES, MAX_TAG_VALUE_BYTES, MAX_TAGS } from "./constants.js";
import { claimedKey, type FrameHeader, NO_TAGS, type Tag } from "./header.js";
import { loadU16, loadU32, loadU64 } from "./little-endian.js";

/**
 * Reads a HEADER of the usual layout at fixed offsets; `undefined` for any other, legal or not.
 *
 * @param lastKey The key of an earlier frame: returned again where this frame has the same one.
 */
export function readUsualHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  lastKey: SchemaKey | undefined,
): FrameHeader | undefined {
  const usual =
    length >= KEY &&
    loadU32(bytes, at) === 0 &&
    loadU32(bytes, at + 4) * WORD === length - ROOT_POINTER &&
    loadU32(bytes, at + ROOT_POINTER) === 0 &&
    loadU32(bytes, at + ROOT_POINTER + 4) === ROOT_SIZES;
  if (!usual) return undefined;
  const rootAt = at + ROOT;
  if (length === KEY) {
    const bare = isNull(bytes, at + KEY_POINTER) && isNull(bytes, at + TAGS_POINTER);
    return bare ? fieldsOf(bytes, rootAt, undefined, NO_TAGS) : undefined;
  }
  const keyEnd = usualKeyEnd(bytes, at, length);
  const tags = keyEnd === 0 ? undefined : readUsualTags(bytes, at, keyEnd, at + length);
  if (tags === undefined) return undefined;
  const key = keyEnd === at + KEY ? undefined : readUsualKey(bytes, at, keyEnd, lastKey);
  return fieldsOf(bytes, rootAt, key, tags);
}

function fieldsOf(
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

function isNull(bytes: Uint8Array, pointer: number): boolean {
  return (loadU32(bytes, pointer) | loadU32(bytes, pointer + 4)) === 0;
}

// The end of a key that lies where most writers put it, or of the root where there is none; 0 when it lies elsewhere.
function usualKeyEnd(bytes: Uint8Array, at: number, length: number): number {
  if (isNull(bytes, at + KEY_POINTER)) return at + KEY;
  const keyWord = loadU32(bytes, at + KEY_POINTER);
  const keySizes = loadU32(bytes, at + KEY_POINTER + 4);
  if (keyWord !== STRUCT_AFTER_NEXT || keySizes !== KEY_SIZES || length < HASH) return 0;
  if (isNull(bytes, at + HASH_POINTER)) return at + HASH;
  const hashWord = loadU32(bytes, at + HASH_POINTER);
  const hashSizes = loadU32(bytes, at + HASH_POINTER + 4);
  const hashed =
    hashWord === LIST_HERE && hashSizes === HASH_SIZES && length >= HASH + HASH128_BYTES;
  return hashed ? at + HASH + HASH128_BYTES : 0;
}

function readUsualKey(
  bytes: Uint8Array,
  at: number,
  keyEnd: number,
  lastKey: SchemaKey | undefined,
): SchemaKey | undefined {
  const hashed = keyEnd !== at + HASH;
  if (lastKey !== undefined && isKeyAt(bytes, at, hashed, lastKey)) return lastKey;
  return fixedKey(
    bytes,
    at + KEY,
    hashed ? new Uint8Array(bytes.subarray(at + HASH, keyEnd)) : undefined,
  );
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

// Tags that lie behind one another from `listAt` on, as most writers put them; `undefined` when they lie otherwise or
// are not legal. Nothing is shared, so nothing is traversed twice.
function readUsualTags(
  bytes: Uint8Array,
  at: number,
  listAt: number,
  end: number,
): readonly Tag[] | undefined {
  if (isNull(bytes, at + TAGS_POINTER)) return NO_TAGS;
  const listWord = loadU32(bytes, at + TAGS_POINTER);
  const listSizes = loadU32(bytes, at + TAGS_POINTER + 4);
  if (listWord !== listPointer(at + TAGS_POINTER, listAt) || listAt + WORD > end) return undefined;
  const count = loadU32(bytes, listAt) >>> 2;
  const words = 2 * count;
  let textAt = listAt + WORD * (1 + words);
  if (
    loadU32(bytes, listAt) !== count << 2 ||
    loadU32(bytes, listAt + 4) !== TAG_SIZES ||
    listSizes !== ((words << 3) | COMPOSITE_ELEMENTS) ||
    count > MAX_TAGS ||
    textAt > end
  ) {
    return undefined;
  }
  const tags: Tag[] = [];
  for (let i = 0, pointer = listAt + WORD; i < count; i++, pointer += 2 * WORD) {
    const keyEnd = usualTextEnd(bytes, pointer, textAt, end, MAX_TAG_KEY_BYTES);
    if (keyEnd < 0) return undefined;
    const valAt = padded(keyEnd + 1 - textAt) + textAt;
    const valEnd = usualTextEnd(bytes, pointer + WORD, valAt, end, MAX_TAG_VALUE_BYTES);
    if (valEnd < 0) return undefined;
    const key = shortAscii(bytes, textAt, keyEnd);
    const val = shortAscii(bytes, valAt, valEnd);
    if (key === undefined || val === undefined) return undefined;
    tags.push({ key, val });
    textAt = valAt + padded(valEnd + 1 - valAt);
  }
  return tags;
}

// Where the text at `at` ends, before its NUL; -1 when its pointer leads elsewhere or it is not legal.
function usualTextEnd(
  bytes: Uint8Array,
  pointer: number,
  at: number,
  end: number,
  maxBytes: number,
): number {
  const sizes = loadU32(bytes, pointer + 4);
  const count = sizes >>> 3;
  const legal =
    loadU32(bytes, pointer) === listPointer(pointer, at) &&
    (sizes & 7) === BYTE_ELEMENTS &&
    count >= 1 &&
    count <= maxBytes + 1 &&
    at + padded(count) <= end &&
    bytes[at + count - 1] === 0;
  return legal ? at + count - 1 : -1;
}

// Calling the decoder takes longer than this loop for texts of this length. Other texts are left to the general reader.
function shortAscii(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at > 64) return undefined;
  let text = "";
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
