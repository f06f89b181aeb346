import { CodecId, codecPolicies, type CodecPolicy } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import { MsgType } from "./wire/constants.js";

const OPENING_BRACE = 0x7b;

/** The number of `policy` in HELLO. spec/xcp.md §6 */
export function codecPolicyNumber(policy: CodecPolicy): number {
  return codecPolicies.indexOf(policy);
}

/** The policy of a HELLO; a number from the future is the strictest one that is known. */
export function codecPolicyOf(wire: number | undefined): CodecPolicy {
  return codecPolicies[wire ?? 0] ?? "BinaryRequired";
}

/** The stricter of two policies: it binds both directions. */
export function stricterPolicy(a: CodecPolicy, b: CodecPolicy): CodecPolicy {
  return codecPolicyNumber(a) >= codecPolicyNumber(b) ? a : b;
}

/** Whether a body is JSON text, under its own codec id or inside PROTOBUF's. spec/xcp.md §5.1 */
export function isJsonBody(bodyCodec: number, body: Uint8Array): boolean {
  return (
    bodyCodec === CodecId.JSON || (bodyCodec === CodecId.PROTOBUF && body[0] === OPENING_BRACE)
  );
}

/** Why DATA with this body may not travel under `policy`, or `undefined`. spec/xcp.md §15.3 */
export function policyViolation(
  policy: CodecPolicy,
  msgType: number,
  bodyCodec: number,
  body: Uint8Array,
): XcpError | undefined {
  if (policy !== "BinaryRequired" || msgType !== MsgType.DATA) return undefined;
  if (!isJsonBody(bodyCodec, body)) return undefined;
  return new XcpError("xcp.codec_policy", "DATA in JSON under BinaryRequired");
}
