import { CodecId, type KindRange, type SchemaKey } from "@proj/wire-types";
import { BodySource } from "./body-source.js";
import { isJsonBody, policyViolation } from "./codec-policy.js";
import { compressBody } from "./compression.js";
import { XcpError } from "./errors.js";
import { coversKind } from "./kind-agreement.js";
import type { OutgoingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import type { SubmitOptions } from "./session-commands.js";
import type { SessionCore } from "./session-core.js";
import { type Expectation, Transfer } from "./transfer.js";
import { toV01Header } from "./v01-translation.js";
import { capnpHeaderSize } from "./wire/capnp-header-writer.js";
import {
  Feature,
  Flag,
  HASH128_BYTES,
  MsgType,
  type Profile,
  ReservedTag,
} from "./wire/constants.js";
import { type FrameHeader, type MsgId, NO_TAGS, type Tag } from "./wire/header.js";
import { encodeJsonHeader } from "./wire/header-json.js";
import { encodeV01Header } from "./wire/header-v01.js";

const NO_BYTES = new Uint8Array(0);
const ACK_TAG: Tag = Object.freeze({ key: ReservedTag.ACK, val: "1" });

/** How a message is to be sent, with every default filled in. */
export interface SendTerms {
  readonly channelId: number;
  readonly inReplyTo: MsgId;
  /** The codec of the request that it answers: v0.2-json wants the same in the reply. §5.1 */
  readonly requestCodec?: number;
  /** Whether a reply settles it. */
  readonly wants: "nothing" | "reply";
  /** Whether the peer is asked for an ACK. */
  readonly acknowledge: boolean;
  /** `Infinity` = never. */
  readonly deadlineUs: number;
  readonly maxAttempts: number;
  /** Largest payload of one frame. */
  readonly maxPayload: number;
}

/** Fills in how a message of the application is to be sent. */
export function requestTerms(
  core: SessionCore,
  options: SubmitOptions,
  maxPayload: number,
): SendTerms {
  const { limits, requestTimeoutUs } = core.config;
  const timeoutUs = options.timeoutUs ?? requestTimeoutUs;
  return {
    channelId: options.channelId,
    inReplyTo: 0,
    wants: options.wants,
    acknowledge: options.acknowledge ?? false,
    deadlineUs: timeoutUs === 0 ? Number.POSITIVE_INFINITY : core.nowUs + timeoutUs,
    maxAttempts: options.attempts ?? limits.maxAttempts,
    maxPayload,
  };
}

/**
 * Checks a message against what was agreed and makes it ready to be sent: compressed, flagged, tagged.
 *
 * @throws XcpError `xcp.codec_not_negotiated`, `xcp.codec_policy`, `xcp.schema_unknown`, `xcp.message_too_large`
 * @throws RangeError for a type that no message has, and for tags or a schema key that no header holds
 */
export function prepareTransfer(
  core: SessionCore,
  negotiated: Negotiated,
  message: OutgoingMessage,
  terms: SendTerms,
): Transfer {
  const msgType = message.msgType ?? MsgType.DATA;
  if (msgType < MsgType.DATA || msgType > 0xffff) {
    throw new RangeError(`message type ${msgType} is not in 256..65535`);
  }
  const body = message.body instanceof Uint8Array ? message.body : new BodySource();
  checkBody(negotiated, msgType, message, body);
  checkKind(core.config.emits, negotiated.peer.accepts, message.schemaKey);
  let flags = 0;
  let payload: Uint8Array | BodySource = body;
  const level = compressionLevel(core, negotiated, message);
  if (level !== undefined && body instanceof Uint8Array) {
    const smaller = compressBody(body, core.config.platform.zstd, { level });
    if (smaller !== undefined) {
      payload = smaller;
      flags |= Flag.COMP;
    }
  }
  let tags = message.tags ?? NO_TAGS;
  const acks = terms.acknowledge && !core.legacy;
  const flagged = acks && core.has(Feature.ACKREQ);
  if (flagged) flags |= Flag.ACKREQ;
  else if (acks) tags = [...tags, ACK_TAG];
  const announced = announcedBytes(message, payload, terms.maxPayload);
  if (announced !== undefined && !core.legacy) {
    tags = [...tags, { key: ReservedTag.LENGTH, val: String(announced) }];
  }
  if (core.legacy) checkLegacy(payload, terms.maxPayload);
  const transfer = new Transfer({
    channelId: terms.channelId,
    msgType,
    bodyCodec:
      negotiated.profile === "v0.2-json" ? (terms.requestCodec ?? CodecId.JSON) : message.bodyCodec,
    schemaKey: message.schemaKey,
    inReplyTo: terms.inReplyTo,
    tags,
    flags,
    body: payload,
    expects: expectation(terms, core.legacy, flagged),
    deadlineUs: terms.deadlineUs,
    maxAttempts: terms.maxAttempts,
  });
  checkHeader(negotiated.profile, transfer, core.config.limits.maxHeaderBytes);
  return transfer;
}

// A header that does not fit is its sender's mistake, and to be told before anything of the message leaves.
function checkHeader(profile: Profile, header: FrameHeader, maxBytes: number): void {
  const hash = header.schemaKey?.hash128;
  if (hash !== undefined && hash.length !== HASH128_BYTES) {
    throw new RangeError(`hash128 of ${hash.length} bytes`);
  }
  if (header.tags.length === 0) return;
  if (profile === "v0.2") {
    const size = capnpHeaderSize(header);
    // The peer's limit is not known; its default is the same as ours, and beyond it the peer gives the connection up.
    if (size > maxBytes) throw new RangeError(`header of ${size} bytes, limit ${maxBytes}`);
  } else {
    // Its id is not known yet: room is left for the longest text of one.
    const { channelId, msgType, bodyCodec, schemaKey, inReplyTo, tags } = header;
    const msgId = Number.MAX_SAFE_INTEGER;
    const numbered = { channelId, msgType, bodyCodec, schemaKey, msgId, inReplyTo, tags };
    if (profile === "v0.2-json") encodeJsonHeader(numbered);
    else encodeV01Header(toV01Header(numbered) ?? numbered);
  }
}

// The v0.2-json reference answers every message; a peer without ACKREQ may ignore the tag, so its reply is enough.
function expectation(terms: SendTerms, legacy: boolean, flagged: boolean): Expectation {
  if (terms.wants === "reply") return terms.acknowledge && flagged ? "replyAndAck" : "reply";
  if (!terms.acknowledge) return "written";
  return legacy ? "reply" : "ack";
}

function checkBody(
  negotiated: Negotiated,
  msgType: number,
  message: OutgoingMessage,
  body: Uint8Array | BodySource,
): void {
  const { bodyCodec } = message;
  const sample = body instanceof Uint8Array ? body : NO_BYTES;
  const legacyJson = negotiated.profile === "v0.2-json" && isJsonBody(bodyCodec, sample);
  if (!legacyJson && !negotiated.codecs.includes(bodyCodec)) {
    throw new XcpError(
      "xcp.codec_not_negotiated",
      `codec ${bodyCodec} is none of ${negotiated.codecs.join(", ")}`,
    );
  }
  const violation = policyViolation(negotiated.codecPolicy, msgType, bodyCodec, sample);
  if (violation !== undefined) throw violation;
  const bytes = body instanceof Uint8Array ? body.length : (message.bodyBytes ?? 0);
  if (bytes > negotiated.maxMessageBytes) {
    throw new XcpError(
      "xcp.message_too_large",
      `message of ${bytes} bytes, agreed limit ${negotiated.maxMessageBytes}`,
    );
  }
}

// Outside both lists there is no minor to agree on. §6
function checkKind(
  emits: readonly KindRange[],
  accepts: readonly KindRange[],
  key: SchemaKey | undefined,
): void {
  const who = !coversKind(accepts, key)
    ? "the peer does not accept"
    : !coversKind(emits, key)
      ? "this end does not say that it emits"
      : undefined;
  if (who === undefined) return;
  throw new XcpError(
    "xcp.schema_unknown",
    `${who} kind 0x${(key?.kindId ?? 0).toString(16)} version ${key?.major}.${key?.minor}`,
  );
}

function compressionLevel(
  core: SessionCore,
  negotiated: Negotiated,
  message: OutgoingMessage,
): number | undefined {
  if (core.legacy || (negotiated.features & Feature.NO_ZSTD) !== 0) return undefined;
  if (core.config.platform.zstd.compress === undefined || message.compress === "never") {
    return undefined;
  }
  if (typeof message.compress === "number") return message.compress;
  return core.config.compressionLevel;
}

// A receiver that knows the length can refuse a train at its first chunk, and notices a missing end.
function announcedBytes(
  message: OutgoingMessage,
  payload: Uint8Array | BodySource,
  maxPayload: number,
): number | undefined {
  if (payload instanceof Uint8Array) {
    return payload.length > maxPayload ? payload.length : undefined;
  }
  return message.bodyBytes;
}

function checkLegacy(payload: Uint8Array | BodySource, maxPayload: number): void {
  if (payload instanceof Uint8Array && payload.length <= maxPayload) return;
  const size = payload instanceof Uint8Array ? `message of ${payload.length} bytes` : "stream";
  throw new XcpError(
    "xcp.message_too_large",
    `${size}: this profile has no chunks, limit ${maxPayload} bytes`,
  );
}
