import { formatHex } from "@proj/wire-types";
import type { Role } from "../path/handshake.js";
import { formatId, type Id64 } from "../wire/id64.js";

const SEED_BYTES = 8;
const NO_SPAN = "0".repeat(16);
// No token has a slot as high as this.
const SPAN_OF_ZERO = "f".repeat(16);

/** What traces of a path are named by. */
export interface TracedPath {
  /** The path's credential id, which both sides know. */
  readonly credentialId: Uint8Array;
  /** Who this side was in the handshake that made the path. */
  readonly role: Role;
}

/**
 * What both sides name traces of streams by that one of them opened, as 16 hex digits: either side numbers its tokens by itself,
 * so that those of both would be the same.
 */
export function traceSeedOf({ credentialId, role }: TracedPath, opener: "own" | "peer"): string {
  const isDialers = (role === "dialer") === (opener === "own");
  const at = isDialers ? 0 : SEED_BYTES;
  return formatHex(credentialId.subarray(at, at + SEED_BYTES));
}

/** The span of a stream at its opener that has this token: zero is the first of a worker, and stands for no span. */
export function tokenSpanId(token: string): string {
  return token === NO_SPAN ? SPAN_OF_ZERO : token;
}

/**
 * The W3C `traceparent` of a tracked stream that this side opened, or its peer: both compute the same one, because they share the
 * token and the path's credential id, without a byte more on the wire.
 *
 * @see spec/dcquic.md §21
 */
export function traceparentOf(path: TracedPath, opener: "own" | "peer", token: Id64): string {
  const id = formatId(token);
  return `00-${traceSeedOf(path, opener)}${id}-${tokenSpanId(id)}-01`;
}
