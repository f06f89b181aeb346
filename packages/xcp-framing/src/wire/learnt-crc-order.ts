import type { CrcOrder } from "./frame.js";
import { swapU32 } from "./little-endian.js";

/** The byte order of a peer's CRCs where its profile leaves that open: the first CRC that tells settles it. spec/xcp.md §5 */
export class LearntCrcOrder {
  #order: CrcOrder | undefined;

  /** The order; `undefined` until a CRC told it. */
  get order(): CrcOrder | undefined {
    return this.#order;
  }

  /** Whether `field`, read as little-endian, says `crc` in the order of this peer. */
  accepts(crc: number, field: number): boolean {
    if (this.#order === "le") return field === crc;
    if (this.#order === "be") return swapU32(field) === crc;
    const little = field === crc;
    const big = swapU32(field) === crc;
    // A palindrome says nothing about the order.
    if (little !== big) this.#order = little ? "le" : "be";
    return little || big;
  }
}
