import { type Limits, resolveLimits } from "@proj/wire-types";

/** What a peer may make this side allocate or do: default, range, unit, and what each one prevents. spec/dwcp.md B2, B3 */
export const DwcpLimitTable = {
  maxFrameBytes: {
    default: 1_052_672,
    min: 4_096,
    max: 16_777_216,
    unit: "bytes",
    reason: "a frame's length would size an allocation",
  },
  maxControlBytes: {
    default: 65_536,
    min: 1_024,
    max: 65_536,
    unit: "bytes",
    reason: "JSON takes many times its size once it is parsed",
  },
  maxControlDepth: {
    default: 8,
    min: 4,
    max: 8,
    unit: "levels",
    reason: "nested JSON would recurse as deep as the peer likes",
  },
  maxUnitRawBytes: {
    default: 67_108_864,
    min: 4_096,
    max: 67_108_864,
    unit: "bytes",
    reason: "a unit of a few bytes may stand for this many",
  },
  maxWindowLog: {
    default: 27,
    min: 20,
    max: 27,
    unit: "bits",
    reason: "a zstd frame's window sizes the decoder's memory",
  },
  maxPrefixBytes: {
    default: 134_217_728,
    min: 4_096,
    max: 134_217_728,
    unit: "bytes",
    reason: "the ranges of a unit may name the same bytes again and again",
  },
  maxIntervals: {
    default: 4_096,
    min: 1,
    max: 4_096,
    unit: "intervals",
    reason: "a journal in shreds would make an ACCEPT without end",
  },
  maxBsdiffBytes: {
    default: 67_108_864,
    min: 0,
    max: 67_108_864,
    unit: "bytes",
    reason: "patching works on the whole object in memory",
  },
} as const;

/** The limits in force: every field of {@link DwcpLimitTable} as a number. */
export type DwcpLimits = Limits<typeof DwcpLimitTable>;

/**
 * Completes `chosen` with the defaults.
 *
 * @throws RangeError naming every field that is out of range.
 */
export function resolveDwcpLimits(chosen?: Partial<DwcpLimits>): DwcpLimits {
  return resolveLimits(DwcpLimitTable, chosen);
}
