import { CodecId } from "@proj/wire-types";
import { V01MsgType } from "./constants.js";
import { encodeHeaderText } from "./header-json.js";
import type { FrameHeader, MsgId } from "./header.js";
import { JsonHeaderReader } from "./json-header-reader.js";

const MAX_U16 = 0xffff;
const MAX_U32 = 0xffff_ffff;

/** A header of v0.1: its types are those of {@link V01MsgType}, its `schemaKey` is `undefined`. spec/xcp.md §5.2 */
export interface V01Header extends FrameHeader {
  /** fnv1a64 of the schema; 0 = none. */
  readonly schemaId: MsgId;
}

/**
 * Encodes a HEADER of the v0.1 profile. A header without `schemaId` gets 0; a schema key has no place there.
 *
 * @throws RangeError for a header of more than 65 535 bytes.
 * @see spec/xcp.md §5.2
 */
export function encodeV01Header(header: FrameHeader | V01Header): Uint8Array {
  const schemaId = "schemaId" in header ? header.schemaId : 0;
  return encodeHeaderText(header, `"schemaId":${schemaId}`);
}

/**
 * Decodes a HEADER of the v0.1 profile; missing members are zero, DATA and JSON.
 *
 * @throws XcpError `xcp.header_malformed`
 * @see spec/xcp.md §5.2
 */
export function decodeV01Header(bytes: Uint8Array): V01Header {
  const members = new JsonHeaderReader(bytes);
  return {
    channelId: members.integer("channelId", MAX_U32, 0),
    msgType: members.integer("msgType", MAX_U16, V01MsgType.DATA),
    bodyCodec: members.integer("bodyCodec", MAX_U16, CodecId.JSON),
    schemaKey: undefined,
    schemaId: members.id("schemaId"),
    msgId: members.id("msgId"),
    inReplyTo: members.id("inReplyTo"),
    tags: members.tags(),
  };
}
