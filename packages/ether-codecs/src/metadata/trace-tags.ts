import type { EncodedBody, Tag } from "../codec.js";
import type { Ether } from "../ether.js";
import { tagProblem } from "./tag-fit.js";

/** Metadata that names a trace, and the header tags of the same names. spec/xcp.md §4, §21 */
const traceKeys = ["trace_id", "traceparent"] as const;

/**
 * Puts the trace that all Ethers of a body share into tags of its header, where logs and spans look for it.
 *
 * A trace that is no text, or does not fit the header, stays in the metadata alone.
 *
 * @see spec/xcp.md §21
 */
export function withTrace(encoded: EncodedBody, ethers: readonly Ether[]): EncodedBody {
  const trace = traceKeys.flatMap((key): readonly Tag[] => {
    const val = ethers[0]?.metadata[key];
    const shared = typeof val === "string" && ethers.every((ether) => ether.metadata[key] === val);
    return shared ? [{ key, val }] : [];
  });
  const tags = [...encoded.tags, ...trace];
  return trace.length === 0 || tagProblem(tags) !== undefined ? encoded : { ...encoded, tags };
}
