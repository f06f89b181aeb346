import type { DwcpLimits } from "../limits.js";
import type { ByteSource } from "./byte-source.js";
import type { HdePlatform } from "./hde-platform.js";
import { WorkMemory } from "./work-memory.js";

/** Memory that decoding takes and forgets. One serves one unit at a time. */
export interface DecodeMemory {
  /** For what a prefix is put together of. */
  readonly prefix: WorkMemory;
  /** For literals before they are where they belong. */
  readonly literals: WorkMemory;
}

/** Makes memory for a `DecodeContext` whose units come one after the other. */
export function decodeMemory(): DecodeMemory {
  return { prefix: new WorkMemory(), literals: new WorkMemory() };
}

/** What the units of a transfer are decoded with. */
export interface DecodeContext {
  /** What this runs on lends: hashes, checksums, compression. */
  readonly platform: HdePlatform;
  /** What a unit may ask for. */
  readonly limits: DwcpLimits;
  /** Bytes of a page, of the OFFER. */
  readonly pageBytes: number;
  /** Finds a baseline whose content id was checked; {@link SLOT_SELF} is what this transfer has committed. */
  readonly baseline: (slot: number) => ByteSource | undefined;
  /** Finds a dictionary whose id was checked. */
  readonly dictionary: (slot: number) => Uint8Array | undefined;
  /** Used from unit to unit; absent, each takes its own. */
  readonly memory?: DecodeMemory | undefined;
}
