import { decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { type ControlCodec, decodeBody, encodeBody } from "./control-body.js";
import { type BodySchema, bodySchema } from "./control-schema.js";
import type { MsgId } from "./header.js";

export {
  type ClarifyReq,
  type ClarifyRes,
  type ConfirmReq,
  type ConfirmRes,
  decodeClarifyReq,
  decodeClarifyRes,
  decodeConfirmReq,
  decodeConfirmRes,
  Decision,
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmReq,
  encodeConfirmRes,
} from "./clarification.js";

const MAX_DETAIL_BYTES = 256;

/** Says that messages were accepted. spec/xcp.md §7, §10 */
export interface Ack {
  /** The message. */
  readonly msgId: MsgId;
  /** Further messages that this one frame acknowledges. */
  readonly moreIds?: readonly MsgId[] | undefined;
}

const ACK: BodySchema<Ack> = bodySchema<Ack>("Ack", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  moreIds: { number: 16, name: "more_ids", type: { kind: "id" }, presence: "maybeMany" },
});

/** Encodes an ACK body into a new buffer. */
export function encodeAck(body: Ack, codec: ControlCodec): Uint8Array {
  return encodeBody(ACK, body, codec);
}

/** Decodes an ACK body. @throws XcpError `xcp.body_malformed` */
export function decodeAck(bytes: Uint8Array, codec: ControlCodec): Ack {
  return decodeBody(ACK, bytes, codec);
}

/** Says that a message failed. spec/xcp.md §7, §9 */
export interface Nack {
  /** The message. */
  readonly msgId: MsgId;
  /** A number of {@link XcpCodes}, or an unknown one. */
  readonly errorCode: number;
  /** Shortest wait before it is sent again. */
  readonly retryAfterMs?: number | undefined;
  /** For logs; the encoder cuts it at 256 bytes. */
  readonly detail?: string | undefined;
}

const NACK: BodySchema<Nack> = bodySchema<Nack>("Nack", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  errorCode: { number: 2, name: "error_code", type: { kind: "u32" } },
  retryAfterMs: { number: 3, name: "retry_after_ms", type: { kind: "u32" }, presence: "maybe" },
  detail: { number: 16, name: "detail", type: { kind: "text" }, presence: "maybe" },
});

/** Encodes a NACK body into a new buffer. */
export function encodeNack(body: Nack, codec: ControlCodec): Uint8Array {
  return encodeBody(NACK, { ...body, detail: clippedDetail(body.detail) }, codec);
}

/** Decodes a NACK body. @throws XcpError `xcp.body_malformed` */
export function decodeNack(bytes: Uint8Array, codec: ControlCodec): Nack {
  return decodeBody(NACK, bytes, codec);
}

/** PING and PONG. spec/xcp.md §7 */
export interface Ping {
  /** PONG repeats it; 0 in an empty body. */
  readonly nonce: MsgId;
}

const PING: BodySchema<Ping> = bodySchema<Ping>("Ping", {
  nonce: { number: 1, name: "nonce", type: { kind: "id" } },
});

/** Encodes a PING or PONG body into a new buffer. */
export function encodePing(body: Ping, codec: ControlCodec): Uint8Array {
  return encodeBody(PING, body, codec);
}

/** Decodes a PING or PONG body. @throws XcpError `xcp.body_malformed` */
export function decodePing(bytes: Uint8Array, codec: ControlCodec): Ping {
  return decodeBody(PING, bytes, codec);
}

/** Says what of a message is not supported. spec/xcp.md §7 */
export interface Unsupported {
  /** The message. */
  readonly msgId: MsgId;
  /** The body codec that is not. */
  readonly codec?: number | undefined;
  /** The message type that is not. */
  readonly msgType?: number | undefined;
  /** The kind that is not. */
  readonly kindId?: number | undefined;
}

const UNSUPPORTED: BodySchema<Unsupported> = bodySchema<Unsupported>("Unsupported", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  codec: { number: 2, name: "codec", type: { kind: "u32" }, presence: "maybe" },
  msgType: { number: 3, name: "msg_type", type: { kind: "u32" }, presence: "maybe" },
  kindId: { number: 4, name: "kind_id", type: { kind: "u32" }, presence: "maybe" },
});

/** Encodes an UNSUPPORTED body into a new buffer. */
export function encodeUnsupported(body: Unsupported, codec: ControlCodec): Uint8Array {
  return encodeBody(UNSUPPORTED, body, codec);
}

/** Decodes an UNSUPPORTED body. @throws XcpError `xcp.body_malformed` */
export function decodeUnsupported(bytes: Uint8Array, codec: ControlCodec): Unsupported {
  return decodeBody(UNSUPPORTED, bytes, codec);
}

/** ERROR: the connection ends. spec/xcp.md §7 */
export interface ErrorBody {
  /** A number of {@link XcpCodes}, or an unknown one. */
  readonly errorCode: number;
  /** For logs; the encoder cuts it at 256 bytes. */
  readonly detail?: string | undefined;
}

const ERROR_BODY: BodySchema<ErrorBody> = bodySchema<ErrorBody>("Error", {
  errorCode: { number: 1, name: "error_code", type: { kind: "u32" } },
  detail: { number: 2, name: "detail", type: { kind: "text" }, presence: "maybe" },
});

/** Encodes an ERROR body into a new buffer. */
export function encodeErrorBody(body: ErrorBody, codec: ControlCodec): Uint8Array {
  return encodeBody(ERROR_BODY, { ...body, detail: clippedDetail(body.detail) }, codec);
}

/** Decodes an ERROR body. @throws XcpError `xcp.body_malformed` */
export function decodeErrorBody(bytes: Uint8Array, codec: ControlCodec): ErrorBody {
  return decodeBody(ERROR_BODY, bytes, codec);
}

/** Announces that no new requests are taken. spec/xcp.md §7 */
export interface Goaway {
  /** The last message that will be answered. */
  readonly lastMsgId: MsgId;
  /** An error code, 0 for an orderly end. */
  readonly reason: number;
}

const GOAWAY: BodySchema<Goaway> = bodySchema<Goaway>("Goaway", {
  lastMsgId: { number: 1, name: "last_msg_id", type: { kind: "id" } },
  reason: { number: 2, name: "reason", type: { kind: "u32" } },
});

/** Encodes a GOAWAY body into a new buffer. */
export function encodeGoaway(body: Goaway, codec: ControlCodec): Uint8Array {
  return encodeBody(GOAWAY, body, codec);
}

/** Decodes a GOAWAY body. @throws XcpError `xcp.body_malformed` */
export function decodeGoaway(bytes: Uint8Array, codec: ControlCodec): Goaway {
  return decodeBody(GOAWAY, bytes, codec);
}

/** Gives a lease of shared memory or a device back early. spec/xcp.md §7, §16.3 */
export interface Release {
  /** The message that carried the lease. */
  readonly msgId: MsgId;
  /** Which one. */
  readonly lease: string;
}

const RELEASE: BodySchema<Release> = bodySchema<Release>("Release", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  lease: { number: 2, name: "lease", type: { kind: "text" } },
});

/** Encodes a RELEASE body into a new buffer. */
export function encodeRelease(body: Release, codec: ControlCodec): Uint8Array {
  return encodeBody(RELEASE, body, codec);
}

/** Decodes a RELEASE body. @throws XcpError `xcp.body_malformed` */
export function decodeRelease(bytes: Uint8Array, codec: ControlCodec): Release {
  return decodeBody(RELEASE, bytes, codec);
}

// Details are for logs: none may make a frame large. §9
function clippedDetail(detail: string | undefined): string | undefined {
  if (detail === undefined) return undefined;
  const bytes = encodeUtf8(detail);
  if (bytes.length <= MAX_DETAIL_BYTES) return detail;
  let end = MAX_DETAIL_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return decodeUtf8(bytes.subarray(0, end));
}
