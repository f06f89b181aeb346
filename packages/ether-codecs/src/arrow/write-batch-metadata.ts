import type { SchemaKey } from "@proj/wire-types";
import type { Ether } from "../ether.js";
import { formatCanonicalValue } from "../json/format-value.js";
import type { ValueMap } from "../value.js";
import { type ArrowLayout, BatchKey, formatSchemaKey } from "./batch-metadata.js";

/** What {@link writeBatchMetadata} says about a batch. */
export interface BatchDescription {
  readonly layout: ArrowLayout;
  /** Any Ether of the batch: all have its kind and version. */
  readonly ether: Ether;
  readonly schemaKey?: SchemaKey | undefined;
  /** What all share, trace_id included. */
  readonly metadata: ValueMap;
  readonly extraFields: ValueMap;
  /** Levels of maps and lists allowed. */
  readonly maxNesting: number;
}

/**
 * Writes the `xcp.*` keys of a schema; empty ones are left out.
 *
 * @throws EtherError `ether.ether_invalid` for metadata that JSON cannot carry.
 * @see spec/xcp.md §14.7
 */
export function writeBatchMetadata(batch: BatchDescription): Map<string, string> {
  const { layout, ether, schemaKey, metadata, extraFields, maxNesting } = batch;
  const pairs = new Map<string, string>([
    [BatchKey.layout, layout],
    [BatchKey.kind, ether.kind],
    [BatchKey.schemaVersion, String(ether.schemaVersion)],
  ]);
  if (schemaKey !== undefined) pairs.set(BatchKey.schemaKey, formatSchemaKey(schemaKey));
  const { trace_id: traceId, ...rest } = metadata;
  const traced = typeof traceId === "string" && traceId.isWellFormed();
  if (traced) pairs.set(BatchKey.traceId, traceId);
  setMap(pairs, BatchKey.metadata, traced ? rest : metadata, maxNesting);
  setMap(pairs, BatchKey.extra, extraFields, maxNesting);
  return pairs;
}

/** Sets `key` to the canonical JSON of `map`, unless it is empty. @throws EtherError `ether.ether_invalid` */
export function setMap(
  pairs: Map<string, string>,
  key: string,
  map: ValueMap,
  maxNesting: number,
): void {
  if (Object.keys(map).length > 0) pairs.set(key, formatCanonicalValue(map, maxNesting));
}
