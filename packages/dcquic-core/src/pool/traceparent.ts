import { formatHex } from "@proj/wire-types";
import { formatId, type Id64 } from "../wire/id64.js";

const SEED_BYTES = 8;

/**
 * The W3C `traceparent` of a tracked stream: both sides compute the same one, because they share the token and the path's
 * credential id, without a byte more on the wire.
 *
 * @see spec/dcquic.md §21
 */
export function traceparentOf(credentialId: Uint8Array, token: Id64): string {
  const seed = formatHex(credentialId.subarray(0, SEED_BYTES));
  const id = formatId(token);
  return `00-${seed}${id}-${id}-01`;
}
