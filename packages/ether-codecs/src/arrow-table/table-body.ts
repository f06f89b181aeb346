import { CodecId, type SchemaKey } from "@proj/wire-types";
import { Schema, Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { BatchKey, formatSchemaKey } from "../arrow/batch-metadata.js";
import { readArrow } from "../arrow/read-batches.js";
import type { EncodedBody } from "../codec.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";

/** The kind of a table that has no other. */
export const TABLE_KIND = "table";

/** What a table body says about its table. */
export interface TableBodyOptions {
  /** The Ether's kind; default {@link TABLE_KIND}. */
  readonly kind?: string;
  /** Major version of the kind's schema; default 1. */
  readonly schemaVersion?: number;
  /** The schema key to claim. */
  readonly schemaKey?: SchemaKey;
  /** Ties the table to a trace. */
  readonly traceId?: string;
}

/**
 * Writes an Apache Arrow table, whatever its column types, as an ARROW_IPC body in the table layout.
 *
 * The table's own schema metadata is kept. Any Arrow reader reads the body; an `ArrowCodec` reads it as one Ether as long
 * as its columns have types that Ethers know.
 *
 * @see spec/xcp.md §14.7
 */
export function tableBody(table: Table, options: TableBodyOptions = {}): EncodedBody {
  const { kind = TABLE_KIND, schemaVersion = 1, schemaKey, traceId } = options;
  const metadata = new Map(table.schema.metadata)
    .set(BatchKey.layout, "table")
    .set(BatchKey.kind, kind)
    .set(BatchKey.schemaVersion, String(schemaVersion));
  if (schemaKey !== undefined) metadata.set(BatchKey.schemaKey, formatSchemaKey(schemaKey));
  if (traceId !== undefined) metadata.set(BatchKey.traceId, traceId);
  const { fields, dictionaries, metadataVersion } = table.schema;
  const schema = new Schema(fields, metadata, dictionaries, metadataVersion);
  const body = tableToIPC(new Table(schema, table.batches), "stream");
  const claim = schemaKey === undefined ? {} : { schemaKey };
  return { bodyCodec: CodecId.ARROW_IPC, body, tags: [], ...claim };
}

/**
 * Reads any ARROW_IPC body as an Apache Arrow table, after checking all of it.
 *
 * Column data are views of `body` when it is 8-aligned: keep `body` unchanged as long as the table is used.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large`.
 * @see spec/xcp.md §14.7
 */
export function readTable(body: Uint8Array, limits: EtherLimits = resolveEtherLimits()): Table {
  readArrow(body, limits);
  return tableFromIPC(body);
}
