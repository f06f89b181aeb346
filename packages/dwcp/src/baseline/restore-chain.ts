import { DwcpError } from "../errors.js";
import { memorySource } from "../hde/byte-source.js";
import { contentIdOf } from "../hde/content-id.js";
import type { HdePlatform } from "../hde/hde-platform.js";
import { decodeState, decodeStateHeader } from "../hde/state-container.js";
import type { DwcpLimits } from "../limits.js";

/** Where stored states are found. */
export interface StoredStates {
  /** Gives the encoded state with this content id, or `undefined`. */
  readonly state: (id: string) => Uint8Array | undefined;
  /** Gives a dictionary by its SHA-256. */
  readonly dictionary: (id: string) => Uint8Array | undefined;
}

/**
 * Restores a state that is stored as a chain of deltas: walks to the first whole one, and decodes forward. Every link is checked
 * against its hash and its content id.
 *
 * @param maxDeltaChain The most links that are walked.
 * @throws {@link DwcpError} `dwcp.baseline_missing` where a link is not there; `dwcp.limit` for a longer chain, which a chain
 *   that leads back to itself is; `dwcp.integrity` where a link is not what its id says; what `decodeState` throws.
 * @see spec/dwcp.md B12
 */
export function restoreChain(
  id: string,
  stored: StoredStates,
  maxDeltaChain: number,
  platform: HdePlatform,
  limits: DwcpLimits,
): Uint8Array {
  const links: { readonly id: string; readonly bytes: Uint8Array }[] = [];
  for (let next: string | undefined = id; next !== undefined;) {
    if (links.length > maxDeltaChain) {
      throw new DwcpError("dwcp.limit", `a chain of more than ${maxDeltaChain} deltas`);
    }
    const bytes = stored.state(next);
    if (bytes === undefined) {
      throw new DwcpError("dwcp.baseline_missing", `no state ${next}`, { details: { id: next } });
    }
    links.push({ id: next, bytes });
    next = decodeStateHeader(bytes, limits).baselineId;
  }
  let state = new Uint8Array(0);
  for (const link of links.toReversed()) {
    const source = memorySource(state);
    const store = { baseline: () => source, dictionary: stored.dictionary };
    state = new Uint8Array(decodeState(link.bytes, store, platform, limits));
    if (contentIdOf(memorySource(state), platform) !== link.id) {
      throw new DwcpError("dwcp.integrity", `a stored state is not ${link.id}`, {
        details: { id: link.id },
      });
    }
  }
  return state;
}
