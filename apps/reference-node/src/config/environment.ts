import { codecPolicies, type CodecPolicy, isCodecPolicy } from "@proj/wire-types";
import type { ConfigProblem } from "./problem.js";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment variable CODEC_POLICY; absent or empty is `undefined`. spec/xcp.md §15.3
 *
 * @param problems Takes what is wrong with it.
 */
export function readCodecPolicy(
  environment: Environment,
  problems: ConfigProblem[],
): CodecPolicy | undefined {
  const policy = environment["CODEC_POLICY"];
  if (policy === undefined || policy === "") return undefined;
  if (isCodecPolicy(policy)) return policy;
  problems.push({
    file: "environment",
    field: "CODEC_POLICY",
    problem: `${JSON.stringify(policy)} is not allowed`,
    allowed: `one of ${codecPolicies.join(", ")}`,
    fix: "unset it or correct its value",
  });
  return undefined;
}
