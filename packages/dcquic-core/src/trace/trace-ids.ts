import { tokenSpanId } from "../pool/traceparent.js";

const FNV_PRIME = 0x01000193;
const HIGH_SEED = 0x811c9dc5;
// Any other: the two words are to be independent of each other.
const LOW_SEED = 0x2545f491;
// 2^32 over the golden ratio, odd.
const GOLDEN = 0x9e3779b1;

/** What names a stream, as both of its ends know it. */
export interface StreamIdentity {
  /** What its path's traces of that opener are named by: 16 hex digits. */
  readonly seed: string;
  /** Its causality token, where its opener tracks it: 16 hex digits. */
  readonly token: string | undefined;
  /** The id of its opening transfer at its opener: 16 hex digits. */
  readonly streamId: string;
}

/**
 * The trace of a stream, which both of its ends compute: for a tracked one that of its `traceparent`. Tokens and transfer ids are
 * numbered alike, so the halves of an untracked one's trace change places.
 *
 * @see spec/dcquic.md §21, decision 0175
 */
export function traceIdOf({ seed, token, streamId }: StreamIdentity): string {
  return token === undefined ? streamId + seed : seed + token;
}

/** The span of a stream at its opener: the parent that its `traceparent` names, where it is tracked. */
export function openerSpanId({ token, streamId }: StreamIdentity): string {
  return tokenSpanId(token ?? streamId);
}

/** The span of anything else of a trace: the same name gives the same id at both ends. */
export function namedSpanId(traceId: string, name: string): string {
  const text = `${traceId}/${name}`;
  const [high, low] = [hashOf(text, HIGH_SEED), hashOf(text, LOW_SEED)];
  // Zero stands for none.
  return digitsOf(high) + digitsOf(high === 0 && low === 0 ? 1 : low);
}

// FNV-1a over the characters, which are ASCII; then mixed, as it leaves high bits alike for names that differ at their end.
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 15), GOLDEN);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function digitsOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}
