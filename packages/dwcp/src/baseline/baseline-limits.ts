import { type Limits, resolveLimits } from "@proj/wire-types";

/** What baselines may cost. spec/dwcp.md B12, B16 */
export const BaselineLimitTable = {
  baselineMemoryBytes: {
    default: 1_073_741_824,
    min: 0,
    max: 9_007_199_254_740_991,
    unit: "bytes",
    reason: "every committed state would stay in memory",
  },
  baselineDiskBytes: {
    default: 68_719_476_736,
    min: 0,
    max: 9_007_199_254_740_991,
    unit: "bytes",
    reason: "every committed state would stay on disk",
  },
  maxBaselines: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: "baselines",
    reason: "many small states would make the store slow to prune",
  },
  maxBaselineAgeMs: {
    default: 900_000,
    min: 1_000,
    max: 31_536_000_000,
    unit: "ms",
    reason: "states of objects that nobody sends any more would stay",
  },
  baselineIntervalMs: {
    default: 300_000,
    min: 1_000,
    max: 86_400_000,
    unit: "ms",
    reason: "a chain of deltas would never begin anew",
  },
  maxDeltaChain: {
    default: 10,
    min: 1,
    max: 1_000,
    unit: "links",
    reason: "restoring a stored state would walk without end",
  },
} as const;

/** The limits in force: every field of {@link BaselineLimitTable} as a number. */
export type BaselineLimits = Limits<typeof BaselineLimitTable>;

/**
 * Completes `chosen` with the defaults.
 *
 * @throws RangeError naming every field that is out of range.
 */
export function resolveBaselineLimits(chosen?: Partial<BaselineLimits>): BaselineLimits {
  return resolveLimits(BaselineLimitTable, chosen);
}
