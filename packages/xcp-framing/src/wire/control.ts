import type { MsgId } from "./header.js";
import type { ControlCodec } from "./hello.js";
export interface ClarifyField {
  readonly path: string;
  readonly reason: number;
  readonly hint?: string | undefined;
}
export interface Ack {
  readonly msgId: MsgId;
  readonly moreIds?: readonly MsgId[] | undefined;
}
export function encodeAck(body: Ack, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeAck(bytes: Uint8Array, codec: ControlCodec): Ack {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface Nack {
  readonly msgId: MsgId;
  readonly errorCode: number;
  readonly retryAfterMs?: number | undefined;
  readonly detail?: string | undefined;
}
export function encodeNack(body: Nack, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeNack(bytes: Uint8Array, codec: ControlCodec): Nack {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface Ping {
  readonly nonce: MsgId;
}
export function encodePing(body: Ping, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodePing(bytes: Uint8Array, codec: ControlCodec): Ping {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface ClarifyReq {
  readonly msgId: MsgId;
  readonly reason: number;
  readonly fields: readonly ClarifyField[];
  readonly question?: string | undefined;
  readonly deadlineMs?: number | undefined;
  readonly options?: readonly string[] | undefined;
}
export function encodeClarifyReq(body: ClarifyReq, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeClarifyReq(bytes: Uint8Array, codec: ControlCodec): ClarifyReq {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface ClarifyRes {
  readonly msgId: MsgId;
  readonly idempotencyKey?: string | undefined;
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly declined: boolean;
}
export function encodeClarifyRes(body: ClarifyRes, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeClarifyRes(bytes: Uint8Array, codec: ControlCodec): ClarifyRes {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface ConfirmReq {
  readonly msgId: MsgId;
  readonly plan: string;
  readonly params: ReadonlyMap<string, Uint8Array>;
  readonly deadlineMs?: number | undefined;
}
export function encodeConfirmReq(body: ConfirmReq, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeConfirmReq(bytes: Uint8Array, codec: ControlCodec): ConfirmReq {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface ConfirmRes {
  readonly msgId: MsgId;
  readonly decision: number;
  readonly corrections: ReadonlyMap<string, Uint8Array>;
  readonly note?: string | undefined;
}
export function encodeConfirmRes(body: ConfirmRes, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeConfirmRes(bytes: Uint8Array, codec: ControlCodec): ConfirmRes {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface Unsupported {
  readonly msgId: MsgId;
  readonly codec?: number | undefined;
  readonly msgType?: number | undefined;
  readonly kindId?: number | undefined;
}
export function encodeUnsupported(body: Unsupported, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeUnsupported(bytes: Uint8Array, codec: ControlCodec): Unsupported {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface ErrorBody {
  readonly errorCode: number;
  readonly detail?: string | undefined;
}
export function encodeErrorBody(body: ErrorBody, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeErrorBody(bytes: Uint8Array, codec: ControlCodec): ErrorBody {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface Goaway {
  readonly lastMsgId: MsgId;
  readonly reason: number;
}
export function encodeGoaway(body: Goaway, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeGoaway(bytes: Uint8Array, codec: ControlCodec): Goaway {
  void [bytes, codec];
  throw new Error("to be filled");
}
export interface Release {
  readonly msgId: MsgId;
  readonly lease: string;
}
export function encodeRelease(body: Release, codec: ControlCodec): Uint8Array {
  void [body, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.body_malformed` */
export function decodeRelease(bytes: Uint8Array, codec: ControlCodec): Release {
  void [bytes, codec];
  throw new Error("to be filled");
}
export const Decision = { YES: 1, NO: 2, CORRECTION: 3 } as const;
export const ClarifyReason = {
  MISSING_FIELD: 1,
  AMBIGUOUS: 2,
  INVALID_VALUE: 3,
  OUT_OF_RANGE: 4,
  LOW_CONFIDENCE: 5,
} as const;
