import { CodecId } from "@proj/wire-types";
import type { CodecPolicy } from "./connection-options.js";
import { XcpError } from "./errors.js";
import { MsgType } from "./wire/constants.js";

/** Wire values of Hello's `codec_policy`, by name. spec/xcp.md §6 */
const PolicyNumber = { Any: 0, BinaryPreferred: 1, BinaryRequired: 2 } as const;

const OPENING_BRACE = 0x7b;

/** The number of `policy` in HELLO. */
export function codecPolicyNumber(policy: CodecPolicy): number {
  return PolicyNumber[policy];
}

/** The policy of a HELLO; a number from the future is the strictest one that is known. */
export function codecPolicyOf(wire: number | undefined): CodecPolicy {
  if (wire === undefined || wire === PolicyNumber.Any) return "Any";
  return wire === PolicyNumber.BinaryPreferred ? "BinaryPreferred" : "BinaryRequired";
}

/**
 * Reads a policy from text, such as the environment variable CODEC_POLICY.
 *
 * @throws RangeError for any other text
 * @see spec/xcp.md §15.3
 */
export function parseCodecPolicy(text: string): CodecPolicy {
  if (Object.hasOwn(PolicyNumber, text)) return text as CodecPolicy;
  throw new RangeError(`codec policy "${text}" is none of ${Object.keys(PolicyNumber).join(", ")}`);
}

/** The stricter of two policies: it binds both directions. */
export function stricterPolicy(a: CodecPolicy, b: CodecPolicy): CodecPolicy {
  return PolicyNumber[a] >= PolicyNumber[b] ? a : b;
}

/** Own codecs as they are advertised: JSON goes last when binary is preferred and away when it is required. */
export function advertisedCodecs(
  codecs: readonly number[],
  policy: CodecPolicy,
): readonly number[] {
  if (policy === "Any") return codecs;
  const binary = codecs.filter((id) => id !== CodecId.JSON);
  if (policy === "BinaryRequired" || binary.length === codecs.length) return binary;
  return [...binary, CodecId.JSON];
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
