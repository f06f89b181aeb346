import { CodecId } from "./codec-id.js";

/** How JSON bodies are treated: `Any` takes them, `BinaryRequired` refuses them. spec/xcp.md §15.3 */
export type CodecPolicy = "Any" | "BinaryPreferred" | "BinaryRequired";

/** The policies in the order of their numbers in HELLO, the strictest last. spec/xcp.md §6 */
export const codecPolicies: readonly CodecPolicy[] = ["Any", "BinaryPreferred", "BinaryRequired"];

/** Tells whether `text` names a policy. */
export function isCodecPolicy(text: string): text is CodecPolicy {
  return (codecPolicies as readonly string[]).includes(text);
}

/**
 * Reads a policy as the environment variable CODEC_POLICY or an option names it; absent or empty is `Any`.
 *
 * @throws RangeError for an unknown name.
 * @see spec/xcp.md §15.3
 */
export function parseCodecPolicy(text: string | undefined): CodecPolicy {
  if (text === undefined || text === "") return "Any";
  if (isCodecPolicy(text)) return text;
  throw new RangeError(
    `codec policy ${JSON.stringify(text)} is none of ${codecPolicies.join(", ")}`,
  );
}

/**
 * Orders codec ids as they are advertised: JSON goes last where binary is preferred, and away where it is required.
 *
 * @see spec/xcp.md §15.3
 */
export function advertisedCodecs(ids: readonly number[], policy: CodecPolicy): readonly number[] {
  if (policy === "Any") return ids;
  const binary = ids.filter((id) => id !== CodecId.JSON);
  if (policy === "BinaryRequired" || binary.length === ids.length) return binary;
  return [...binary, CodecId.JSON];
}
