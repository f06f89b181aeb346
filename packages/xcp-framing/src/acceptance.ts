import { CodecId, PRIVATE_CODEC_MIN } from "@proj/wire-types";
import { isJsonBody, policyViolation } from "./codec-policy.js";
import { XcpError } from "./errors.js";
import { coversKind } from "./kind-agreement.js";
import type { Negotiated } from "./negotiated.js";
import type { SessionConfig } from "./session-config.js";
import { MsgType } from "./wire/constants.js";
import type { Unsupported } from "./wire/control.js";
import type { FrameHeader } from "./wire/header.js";

const knownCodecs: ReadonlySet<number> = new Set<number>(Object.values(CodecId));

/**
 * Why a message of the peer is refused before the application sees it, or `undefined`.
 *
 * @param codecs What this end accepts: the agreed codecs, and those of before a NEGOTIATE.
 * @see spec/xcp.md §6, §15.2, §15.3, §17
 */
export function refusalReason(
  config: SessionConfig,
  negotiated: Negotiated,
  codecs: readonly number[],
  header: FrameHeader,
  body: Uint8Array,
): XcpError | undefined {
  const { msgType, bodyCodec } = header;
  if (msgType !== MsgType.DATA && !isApplicationType(config, msgType)) {
    return new XcpError("xcp.msgtype_unknown", `message type ${hex(msgType)}`);
  }
  if (!codecs.includes(bodyCodec) && !isLegacyJson(negotiated, bodyCodec, body)) {
    const known = knownCodecs.has(bodyCodec) || bodyCodec >= PRIVATE_CODEC_MIN;
    return known
      ? new XcpError("xcp.codec_not_negotiated", `codec ${hex(bodyCodec)} was not negotiated`)
      : new XcpError("xcp.codec_unsupported", `codec ${hex(bodyCodec)} is unknown`);
  }
  const violation = policyViolation(negotiated.codecPolicy, msgType, bodyCodec, body);
  if (violation !== undefined) return violation;
  if (coversKind(config.accepts, header.schemaKey)) return undefined;
  return new XcpError(
    "xcp.kind_mismatch",
    `kind ${hex(header.schemaKey?.kindId ?? 0)} not accepted`,
  );
}

/** What about a refused message UNSUPPORTED names, where it was refused for that. spec/xcp.md §7 */
export function unsupportedPart(
  header: FrameHeader,
  reason: XcpError,
): Omit<Unsupported, "msgId"> | undefined {
  const { code } = reason;
  if (code === "xcp.codec_unsupported" || code === "xcp.codec_not_negotiated") {
    return { codec: header.bodyCodec };
  }
  if (code === "xcp.msgtype_unknown") return { msgType: header.msgType };
  return code === "xcp.kind_mismatch" ? { kindId: header.schemaKey?.kindId ?? 0 } : undefined;
}

/** The codec under which the application sees a body: the reference puts JSON text under PROTOBUF's id. §5.1 */
export function seenCodec(negotiated: Negotiated, header: FrameHeader, body: Uint8Array): number {
  return isLegacyJson(negotiated, header.bodyCodec, body) ? CodecId.JSON : header.bodyCodec;
}

function isLegacyJson(negotiated: Negotiated, bodyCodec: number, body: Uint8Array): boolean {
  return negotiated.profile === "v0.2-json" && isJsonBody(bodyCodec, body);
}

function isApplicationType(config: SessionConfig, msgType: number): boolean {
  if (msgType < MsgType.APP_MIN) return false;
  return config.msgTypes === undefined || config.msgTypes.has(msgType);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}
