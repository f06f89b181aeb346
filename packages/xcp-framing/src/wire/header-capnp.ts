import { decodeUtf8, type SchemaKey } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { CapnpReader, type CapnpStruct } from "./capnp-reader.js";
import { readUsualHeader } from "./capnp-usual-header.js";
import { HASH128_BYTES, MAX_TAG_KEY_BYTES, MAX_TAG_VALUE_BYTES, MAX_TAGS } from "./constants.js";
import { claimedKey, type FrameHeader, NO_TAGS, type Tag } from "./header.js";

export { encodeCapnpHeader } from "./capnp-header-writer.js";

// What a null root pointer stands for: every field reads as its default.
const EMPTY: CapnpStruct = { segment: 0, dataAt: 0, dataBytes: 0, pointersAt: 0, pointers: 0 };

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
  return (
    readUsualHeader(bytes, at, length, lastKey) ?? readGeneral(bytes.subarray(at, at + length))
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
