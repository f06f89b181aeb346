import { type Limits, resolveLimits } from "@proj/wire-types";

/** What a body may cost before it is refused. */
export const EtherLimitTable = {
  maxBodyBytes: {
    default: 268_435_456,
    min: 64,
    max: 2_147_483_647,
    unit: "bytes",
    reason: "A longer body is refused before anything of it is read.",
  },
  maxNesting: {
    default: 64,
    min: 1,
    max: 64,
    unit: "levels",
    reason: "Lists and maps recurse; a payload map is level 1. spec/xcp.md §13",
  },
  maxValues: {
    default: 4_194_304,
    min: 16,
    max: 268_435_456,
    unit: "values",
    reason: "Two bytes of body can become an object: values, map keys and list items are counted.",
  },
  maxAttachments: {
    default: 1024,
    min: 0,
    max: 65_536,
    unit: "attachments",
    reason: "Each attachment costs an object and a lookup of its id.",
  },
  maxEthers: {
    default: 65_536,
    min: 1,
    max: 16_777_216,
    unit: "ethers",
    reason: "A batch of empty rows costs its sender nothing.",
  },
  maxArrowFields: {
    default: 4096,
    min: 1,
    max: 65_536,
    unit: "fields",
    reason: "Columns and their children each cost objects for every batch of an Arrow body.",
  },
  maxArrowRows: {
    default: 67_108_864,
    min: 0,
    max: 2_147_483_647,
    unit: "rows",
    reason:
      "Rows of null or empty columns take no bytes in an Arrow body, but a slot each once read.",
  },
  maxArrowBatches: {
    default: 65_536,
    min: 1,
    max: 16_777_216,
    unit: "batches",
    reason: "Each batch of an Arrow body is taken apart before its first row is read.",
  },
} as const;

/** The limits of this package, all resolved. */
export type EtherLimits = Limits<typeof EtherLimitTable>;

const defaults: EtherLimits = resolveLimits(EtherLimitTable);

/**
 * Completes `chosen` with defaults.
 *
 * @throws RangeError naming every field that is unknown or out of range.
 */
export function resolveEtherLimits(chosen?: Partial<EtherLimits>): EtherLimits {
  return chosen === undefined ? defaults : resolveLimits(EtherLimitTable, chosen);
}
