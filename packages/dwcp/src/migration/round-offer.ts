import type { OfferMessage } from "../wire/transfer-messages.js";

const ROUND = "round";
const LAST = "last";

/** Which round of a live migration an object is. */
export interface RoundInfo {
  /** 0 for the first one. */
  readonly round: number;
  /** Whether the source stands still: when this round is committed, its target may run. */
  readonly isLast: boolean;
}

/** Says in the metadata of an offer which round it is. spec/dwcp.md B15 */
export function roundMetadata({ round, isLast }: RoundInfo): Record<string, string> {
  return { [ROUND]: String(round), ...(isLast ? { [LAST]: "true" } : {}) };
}

/** Reads which round an offer is; `undefined` for what is no migration. */
export function roundOf({
  transferKind,
  metadata,
}: Pick<OfferMessage, "transferKind" | "metadata">): RoundInfo | undefined {
  const round = Number(metadata[ROUND]);
  if (transferKind !== "live" || !Number.isSafeInteger(round) || round < 0) return undefined;
  return { round, isLast: metadata[LAST] === "true" };
}
