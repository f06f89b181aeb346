import { CodecId, encodeUtf8, formatHex, parseHex, type SchemaKey } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { HASH128_BYTES, MsgType } from "./constants.js";
import { claimedKey, type FrameHeader } from "./header.js";
import { integerOf, JsonHeaderReader, textOf } from "./json-header-reader.js";

const NO_HASH = "0".repeat(2 * HASH128_BYTES);
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/**
 * Encodes a HEADER of the v0.2-json profile: every member, in the order of the specification.
 *
 * @throws RangeError for a header of more than 65 535 bytes.
 * @see spec/xcp.md §5.1
 */
export function encodeJsonHeader(header: FrameHeader): Uint8Array {
  const { schemaKey: key } = header;
  const hash = key?.hash128 === undefined ? NO_HASH : formatHex(key.hash128);
  return encodeHeaderText(
    header,
    `"schemaKey":{"nsHash":${key?.nsHash ?? 0},"kindId":${key?.kindId ?? 0},` +
      `"major":${key?.major ?? 0},"minor":${key?.minor ?? 0},"hash128":"${hash}"}`,
  );
}

/**
 * Writes the members that both JSON profiles share around the one that names the schema.
 *
 * @throws RangeError for a header of more than 65 535 bytes.
 */
export function encodeHeaderText(header: FrameHeader, schemaMember: string): Uint8Array {
  const tags = header.tags.map(({ key, val }) => JSON.stringify({ key, val })).join(",");
  const text = encodeUtf8(
    `{"channelId":${header.channelId},"msgType":${header.msgType},"bodyCodec":${header.bodyCodec},` +
      `${schemaMember},"msgId":${header.msgId},"inReplyTo":${header.inReplyTo},"tags":[${tags}]}`,
  );
  if (text.length > MAX_U16) {
    throw new RangeError(`header of ${text.length} bytes, limit ${MAX_U16}`);
  }
  return text;
}

/**
 * Decodes a HEADER of the v0.2-json profile; missing members are zero, DATA and JSON.
 *
 * @throws XcpError `xcp.header_malformed`
 * @see spec/xcp.md §5.1
 */
export function decodeJsonHeader(bytes: Uint8Array): FrameHeader {
  const members = new JsonHeaderReader(bytes);
  const key = members.object("schemaKey");
  return {
    channelId: members.integer("channelId", MAX_U32, 0),
    msgType: members.integer("msgType", MAX_U16, MsgType.DATA),
    bodyCodec: members.integer("bodyCodec", MAX_U16, CodecId.JSON),
    schemaKey: key === undefined ? undefined : schemaKeyOf(key),
    msgId: members.id("msgId"),
    inReplyTo: members.id("inReplyTo"),
    tags: members.tags(),
  };
}

function schemaKeyOf(members: object): SchemaKey | undefined {
  const fields = {
    nsHash: integerOf(members, "nsHash", MAX_U32, 0),
    kindId: integerOf(members, "kindId", MAX_U32, 0),
    major: integerOf(members, "major", MAX_U16, 0),
    minor: integerOf(members, "minor", MAX_U16, 0),
  };
  const hash = textOf(members, "hash128", NO_HASH.length);
  if (hash === "" || hash === NO_HASH) return claimedKey(fields);
  if (!/^[0-9a-f]{32}$/i.test(hash)) {
    throw new XcpError("xcp.header_malformed", "hash128 is not 32 hex digits");
  }
  return { ...fields, hash128: parseHex(hash) };
}
