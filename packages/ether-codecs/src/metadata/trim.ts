import { shapeOf } from "../elements.js";
import { equalValues } from "../equal-values.js";
import type { Ether } from "../ether.js";
import { emptyMap, isValueMap, type Value, type ValueMap } from "../value.js";

/** What a trimming hook may look at. */
export interface TrimContext {
  /** Keeps `debug.*` entries. */
  readonly debug?: boolean;
  /** Metadata that the whole batch shares and that is sent once. §14.7 */
  readonly shared?: ValueMap;
}

/** Changes the metadata of an Ether before it is sent; gets a copy and must be idempotent. spec/xcp.md §22 */
export type TrimHook = (ether: Ether, context: TrimContext) => Ether;

/** Metadata keys with a meaning of their own. spec/xcp.md §13 */
export const reservedMetadataKeys: ReadonlySet<string> = new Set([
  "trace_id",
  "producer",
  "created_at",
  "lineage",
]);

/** Lineage entries that are kept. spec/xcp.md §22 */
const LINEAGE_ENTRIES = 16;

/** Drops null, empty text, empty lists, maps, vectors and bytes. */
export const dropEmpty: TrimHook = (ether) => keep(ether, (_key, value) => !isEmpty(value));

/** Drops `debug.*` unless debug is on. */
export const dropDebug: TrimHook = (ether, { debug }) =>
  debug === true ? ether : keep(ether, (key) => !key.startsWith("debug."));

/** Keeps the newest 16 entries of `lineage`, which grows at its end. */
export const shortenLineage: TrimHook = (ether) => {
  const lineage = ether.metadata["lineage"];
  if (!Array.isArray(lineage) || lineage.length <= LINEAGE_ENTRIES) return ether;
  const metadata = Object.assign(emptyMap(), ether.metadata);
  metadata["lineage"] = lineage.slice(-LINEAGE_ENTRIES) as readonly Value[];
  return { ...ether, metadata };
};

/** Drops entries that the batch's shared metadata already says. */
export const dropShared: TrimHook = (ether, { shared }) => {
  if (shared === undefined) return ether;
  return keep(
    ether,
    (key, value) => !(Object.hasOwn(shared, key) && equalValues(shared[key] ?? null, value)),
  );
};

/** Makes a hook that drops every key but `allowed` and the reserved ones. */
export function allowOnly(allowed: readonly string[]): TrimHook {
  const names = new Set([...allowed, ...reservedMetadataKeys]);
  return (ether) => keep(ether, (key) => names.has(key));
}

/** The hooks that run when none are named. spec/xcp.md §22 */
export const defaultTrimHooks: readonly TrimHook[] = [
  dropEmpty,
  dropDebug,
  shortenLineage,
  dropShared,
];

/**
 * Trims the metadata of a validated Ether on a copy; everything else, payload included, stays the same objects.
 *
 * @see spec/xcp.md §22
 */
export function trimMetadata(
  ether: Ether,
  context: TrimContext = {},
  hooks: readonly TrimHook[] = defaultTrimHooks,
): Ether {
  const copy: Ether = { ...ether, metadata: Object.assign(emptyMap(), ether.metadata) };
  const { metadata } = hooks.reduce((trimmed, hook) => hook(trimmed, context), copy);
  return { ...ether, metadata };
}

function keep(ether: Ether, wanted: (key: string, value: Value) => boolean): Ether {
  const metadata = emptyMap();
  for (const key of Object.keys(ether.metadata)) {
    const value = ether.metadata[key] as Value;
    if (wanted(key, value)) metadata[key] = value;
  }
  return { ...ether, metadata };
}

function isEmpty(value: Value): boolean {
  if (value === null || value === "") return true;
  const shape = shapeOf(value);
  if (shape !== undefined) return shape.includes(0);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isValueMap(value) && Object.keys(value).length === 0;
}
