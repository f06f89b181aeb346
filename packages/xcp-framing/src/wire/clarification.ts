import { type ControlCodec, decodeBody, encodeBody } from "./control-body.js";
import { type BodySchema, bodySchema } from "./control-schema.js";
import type { MsgId } from "./header.js";

const MAX_IDEMPOTENCY_KEY_BYTES = 128;

/** Why a value is asked for. spec/xcp.md §8 */
export const ClarifyReason = {
  MISSING_FIELD: 1,
  AMBIGUOUS: 2,
  INVALID_VALUE: 3,
  OUT_OF_RANGE: 4,
  LOW_CONFIDENCE: 5,
} as const;

/** What a {@link ConfirmRes} says. spec/xcp.md §8 */
export const Decision = {
  YES: 1,
  NO: 2,
  CORRECTION: 3,
} as const;

/** A part of an Ether that is unclear. spec/xcp.md §8 */
export interface ClarifyField {
  /** JSON Pointer into the Ether. */
  readonly path: string;
  /** One of {@link ClarifyReason}. */
  readonly reason: number;
  /** What would help. */
  readonly hint?: string | undefined;
}

const CLARIFY_FIELD: BodySchema<ClarifyField> = bodySchema<ClarifyField>("ClarifyField", {
  path: { number: 1, name: "path", type: { kind: "text" } },
  reason: { number: 2, name: "reason", type: { kind: "u32" } },
  hint: { number: 3, name: "hint", type: { kind: "text" }, presence: "maybe" },
});

/** Asks for missing or unclear values of a message. spec/xcp.md §8 */
export interface ClarifyReq {
  /** The DATA in question. */
  readonly msgId: MsgId;
  /** One of {@link ClarifyReason}. */
  readonly reason: number;
  /** What is unclear. */
  readonly fields: readonly ClarifyField[];
  /** For the one who answers. */
  readonly question?: string | undefined;
  /** How long the answer is waited for; 30 s when absent. */
  readonly deadlineMs?: number | undefined;
  /** Answers to choose from. */
  readonly options?: readonly string[] | undefined;
}

const CLARIFY_REQ: BodySchema<ClarifyReq> = bodySchema<ClarifyReq>("ClarifyReq", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  reason: { number: 2, name: "reason", type: { kind: "u32" } },
  fields: {
    number: 3,
    name: "fields",
    type: { kind: "message", schema: CLARIFY_FIELD },
    presence: "many",
  },
  question: { number: 4, name: "question", type: { kind: "text" }, presence: "maybe" },
  deadlineMs: { number: 5, name: "deadline_ms", type: { kind: "u32" }, presence: "maybe" },
  options: { number: 6, name: "options", type: { kind: "text" }, presence: "maybeMany" },
});

/** Encodes a CLARIFY_REQ body into a new buffer. */
export function encodeClarifyReq(body: ClarifyReq, codec: ControlCodec): Uint8Array {
  return encodeBody(CLARIFY_REQ, body, codec);
}

/** Decodes a CLARIFY_REQ body. @throws XcpError `xcp.body_malformed` */
export function decodeClarifyReq(bytes: Uint8Array, codec: ControlCodec): ClarifyReq {
  return decodeBody(CLARIFY_REQ, bytes, codec);
}

/** Answers a {@link ClarifyReq}. spec/xcp.md §8 */
export interface ClarifyRes {
  /** The same DATA. */
  readonly msgId: MsgId;
  /** At most 128 bytes: the same key runs the task once. */
  readonly idempotencyKey?: string | undefined;
  /** Encoded values (§14.2) by JSON Pointer. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** Whether there will be no answer. */
  readonly declined: boolean;
}

const CLARIFY_RES: BodySchema<ClarifyRes> = bodySchema<ClarifyRes>("ClarifyRes", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  idempotencyKey: {
    number: 2,
    name: "idempotency_key",
    type: { kind: "text", maxBytes: MAX_IDEMPOTENCY_KEY_BYTES },
    presence: "maybe",
  },
  values: { number: 3, name: "values", type: { kind: "bytesByText" } },
  declined: { number: 4, name: "declined", type: { kind: "bool" } },
});

/** Encodes a CLARIFY_RES body into a new buffer. */
export function encodeClarifyRes(body: ClarifyRes, codec: ControlCodec): Uint8Array {
  return encodeBody(CLARIFY_RES, body, codec);
}

/** Decodes a CLARIFY_RES body. @throws XcpError `xcp.body_malformed` */
export function decodeClarifyRes(bytes: Uint8Array, codec: ControlCodec): ClarifyRes {
  return decodeBody(CLARIFY_RES, bytes, codec);
}

/** Asks whether a plan may be carried out. spec/xcp.md §8 */
export interface ConfirmReq {
  /** The DATA in question. */
  readonly msgId: MsgId;
  /** What would be done. */
  readonly plan: string;
  /** Encoded values (§14.2) by name. */
  readonly params: ReadonlyMap<string, Uint8Array>;
  /** How long the answer is waited for; 30 s when absent. */
  readonly deadlineMs?: number | undefined;
}

const CONFIRM_REQ: BodySchema<ConfirmReq> = bodySchema<ConfirmReq>("ConfirmReq", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  plan: { number: 2, name: "plan", type: { kind: "text" } },
  params: { number: 3, name: "params", type: { kind: "bytesByText" } },
  deadlineMs: { number: 5, name: "deadline_ms", type: { kind: "u32" }, presence: "maybe" },
});

/** Encodes a CONFIRM_REQ body into a new buffer. */
export function encodeConfirmReq(body: ConfirmReq, codec: ControlCodec): Uint8Array {
  return encodeBody(CONFIRM_REQ, body, codec);
}

/** Decodes a CONFIRM_REQ body. @throws XcpError `xcp.body_malformed` */
export function decodeConfirmReq(bytes: Uint8Array, codec: ControlCodec): ConfirmReq {
  return decodeBody(CONFIRM_REQ, bytes, codec);
}

/** Answers a {@link ConfirmReq}. spec/xcp.md §8 */
export interface ConfirmRes {
  /** The same DATA. */
  readonly msgId: MsgId;
  /** One of {@link Decision}. */
  readonly decision: number;
  /** Encoded values (§14.2) by JSON Pointer. */
  readonly corrections: ReadonlyMap<string, Uint8Array>;
  /** For logs and people. */
  readonly note?: string | undefined;
}

const CONFIRM_RES: BodySchema<ConfirmRes> = bodySchema<ConfirmRes>("ConfirmRes", {
  msgId: { number: 1, name: "msg_id", type: { kind: "id" } },
  decision: { number: 2, name: "decision", type: { kind: "u32" } },
  corrections: { number: 3, name: "corrections", type: { kind: "bytesByText" } },
  note: { number: 4, name: "note", type: { kind: "text" }, presence: "maybe" },
});

/** Encodes a CONFIRM_RES body into a new buffer. */
export function encodeConfirmRes(body: ConfirmRes, codec: ControlCodec): Uint8Array {
  return encodeBody(CONFIRM_RES, body, codec);
}

/** Decodes a CONFIRM_RES body. @throws XcpError `xcp.body_malformed` */
export function decodeConfirmRes(bytes: Uint8Array, codec: ControlCodec): ConfirmRes {
  return decodeBody(CONFIRM_RES, bytes, codec);
}
