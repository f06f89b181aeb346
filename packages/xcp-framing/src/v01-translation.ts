import { CodecId, type SchemaKey } from "@proj/wire-types";
import { MsgType, V01MsgType } from "./wire/constants.js";
import type { FrameEvent } from "./wire/frame-event.js";
import type { FrameHeader, MsgId } from "./wire/header.js";
import type { V01Header } from "./wire/header-v01.js";

/** The codec id, private to this implementation, under which v0.1's raw bytes (0x10 there) reach the application. §5.2 */
export const V01_RAW_BYTES = 0x8010;

const V01_RAW_CODEC = 0x10;
const XCP_STD = 0x60bff317;

// v0.1 type → ours.
const inward = new Map<number, number>([
  [V01MsgType.HELLO, MsgType.HELLO],
  [V01MsgType.CAPS_ACK, MsgType.CAPS],
  [V01MsgType.PING, MsgType.PING],
  [V01MsgType.PONG, MsgType.PONG],
  [V01MsgType.NEGOTIATE, MsgType.NEGOTIATE],
  [V01MsgType.UNSUPPORTED, MsgType.UNSUPPORTED],
  [V01MsgType.ACK, MsgType.ACK],
  [V01MsgType.NACK, MsgType.NACK],
  [V01MsgType.DATA, MsgType.DATA],
  [V01MsgType.CLARIFY_REQ, MsgType.CLARIFY_REQ],
  [V01MsgType.CLARIFY_RES, MsgType.CLARIFY_RES],
  [V01MsgType.CONFIRM_REQ, MsgType.CONFIRM_REQ],
  [V01MsgType.CONFIRM_RES, MsgType.CONFIRM_RES],
]);
const outward = new Map<number, number>(Array.from(inward, ([old, now]) => [now, old]));

// v0.1 schemaId of the standard kinds → kindId, version 1.0. §18
const standardKinds: readonly (readonly [bigint, number])[] = [
  [0xfa04f4ef1995407en, 0xbde64e3e],
  [0x93fab8f021712b13n, 0xfcebc453],
  [0x4a48353ad6107ed2n, 0xcde5b5f2],
  [0x2ab612888528489an, 0xb35135fa],
];

// Reserved for XCP, so that it is refused as unknown: the old number itself may mean something else today. §7
const UNKNOWN_TYPE = 0x01ff;

/** Turns a frame of the v0.1 profile into one of ours. §5.2 */
export function fromV01Frame(event: FrameEvent): FrameEvent {
  // The reader gives v0.1 headers in that profile, and only there.
  return { ...event, header: fromV01Header(event.header as V01Header) };
}

/** Turns a v0.1 header into one of ours. A type that v0.1 does not define becomes one that no one defines. §5.2 */
function fromV01Header(header: V01Header): FrameHeader {
  return {
    channelId: header.channelId,
    msgType: inward.get(header.msgType) ?? UNKNOWN_TYPE,
    bodyCodec: header.bodyCodec === V01_RAW_CODEC ? V01_RAW_BYTES : header.bodyCodec,
    schemaKey: keyOf(header.schemaId),
    msgId: header.msgId,
    inReplyTo: header.inReplyTo,
    tags: header.tags,
  };
}

/** Turns our header into a v0.1 one, or `undefined` where v0.1 has no such type. §5.2 */
export function toV01Header(header: FrameHeader): V01Header | undefined {
  const msgType = outward.get(header.msgType);
  if (msgType === undefined) return undefined;
  return {
    channelId: header.channelId,
    msgType,
    bodyCodec: header.bodyCodec === V01_RAW_BYTES ? V01_RAW_CODEC : header.bodyCodec,
    schemaKey: undefined,
    schemaId: schemaIdOf(header.schemaKey),
    msgId: header.msgId,
    inReplyTo: header.inReplyTo,
    tags: header.tags,
  };
}

/** Codecs that a v0.1 peer is assumed to have: 1..4 as today, and raw bytes. §5.2 */
export const V01_CODECS: readonly number[] = [
  CodecId.JSON,
  CodecId.TENSOR_F32,
  CodecId.TENSOR_F16,
  CodecId.TENSOR_QNT8,
  V01_RAW_BYTES,
];

function keyOf(schemaId: MsgId): SchemaKey | undefined {
  const known = standardKinds.find(([id]) => id === BigInt(schemaId));
  return known && { nsHash: XCP_STD, kindId: known[1], major: 1, minor: 0 };
}

function schemaIdOf(key: SchemaKey | undefined): MsgId {
  if (key === undefined || key.major !== 1) return 0;
  return standardKinds.find(([, kindId]) => kindId === key.kindId)?.[0] ?? 0;
}
