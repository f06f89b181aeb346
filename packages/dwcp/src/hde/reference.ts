import type { AnchorIndex } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";

/** Bytes that the receiver has, and how a unit names them. */
export interface Reference {
  /** A slot of the OFFER, or `SLOT_SELF`. */
  readonly slot: number;
  /** Where its bytes are read. */
  readonly source: ByteSource;
  /** Where which content stands; without it only the same place is looked at. */
  readonly anchors?: AnchorIndex | undefined;
  /** Whether the same offset means anything: an earlier state, not this transfer's own data. */
  readonly isInPlace: boolean;
}
