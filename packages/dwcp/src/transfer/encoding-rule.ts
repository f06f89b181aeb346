/**
 * What an extent may be encoded with.
 *
 * - `best`: everything that was agreed.
 * - `withoutSelf`: everything but this transfer's own committed data.
 * - `plain`: RAW or ZSTD, as repairs are.
 * - `raw`: RAW, after anything else failed twice.
 */
export type EncodingRule = "best" | "withoutSelf" | "plain" | "raw";

/** All rules, the strictest first: what failed goes before what was never tried. */
export const encodingRules: readonly EncodingRule[] = ["raw", "plain", "withoutSelf", "best"];

/** A piece of the object that has to be encoded. */
export interface PlannedExtent {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the last byte. */
  readonly end: number;
  readonly rule: EncodingRule;
  /** Which ACCEPT it follows: what was encoded for an earlier one is of no use. */
  readonly attempt: number;
}
