import { CodecId } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { isJsonInProtobuf } from "../json/json-codec.js";

/** How JSON bodies are treated: `Any` takes them, `BinaryRequired` refuses them. spec/xcp.md §15.3 */
export type CodecPolicy = "Any" | "BinaryPreferred" | "BinaryRequired";

/** The policies in the order of their numbers in HELLO. spec/xcp.md §6 */
export const codecPolicies: readonly CodecPolicy[] = ["Any", "BinaryPreferred", "BinaryRequired"];

/**
 * Reads a policy as the environment variable CODEC_POLICY or a configuration file names it; absent or empty is `Any`.
 *
 * @throws RangeError for an unknown name.
 * @see spec/xcp.md §15.3
 */
export function parseCodecPolicy(text: string | undefined): CodecPolicy {
  if (text === undefined || text === "") return "Any";
  const policy = codecPolicies.find((name) => name === text);
  if (policy !== undefined) return policy;
  throw new RangeError(`CODEC_POLICY is ${text}: choose ${codecPolicies.join(", ")}`);
}

/** Leaves JSON out of the codec ids to advertise where the policy refuses it. spec/xcp.md §15.3 */
export function advertisedCodecs(ids: readonly number[], policy: CodecPolicy): readonly number[] {
  return policy === "BinaryRequired" ? ids.filter((id) => id !== CodecId.JSON) : ids;
}

/**
 * Checks a DATA body on receipt, JSON text inside bodyCodec 8 included.
 *
 * @throws EtherError `ether.codec_policy` for JSON under `BinaryRequired`.
 * @see spec/xcp.md §15.3
 */
export function checkCodecPolicy(bodyCodec: number, body: Uint8Array, policy: CodecPolicy): void {
  if (policy !== "BinaryRequired") return;
  const json =
    bodyCodec === CodecId.JSON || (bodyCodec === CodecId.PROTOBUF && isJsonInProtobuf(body));
  if (json)
    throw new EtherError("ether.codec_policy", "JSON body under CODEC_POLICY BinaryRequired");
}
