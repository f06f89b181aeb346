import { WireLimit } from "../wire/constants.js";

/** Bytes of a NOTIFY entry besides meta, dependencies and inline payload, when everything else is there. §17.4 */
export const ENTRY_BYTES = 176;
/** Bytes of one dependency. §17.4 */
export const ENTRY_DEP_BYTES = 10;

/** How many dependencies an announcement with so many bytes of meta can name; others are awaited locally. §17.4 */
export function nameableDeps(metaBytes: number): number {
  const room = WireLimit.maxEntryBytes - ENTRY_BYTES - metaBytes;
  return Math.min(WireLimit.maxDeps, Math.max(0, Math.floor(room / ENTRY_DEP_BYTES)));
}
