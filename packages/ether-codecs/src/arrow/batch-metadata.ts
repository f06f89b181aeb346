import { encodeUtf8, formatHex, parseHex, type SchemaKey } from "@proj/wire-types";
import type { Attachment } from "../attachment.js";
import { EtherError } from "../errors.js";
import { attachmentFromJson } from "../json/attachment-json.js";
import { mapFromJson, parseJson } from "../json/parse-json.js";
import type { EtherLimits } from "../limits.js";
import { emptyMap, type ValueMap } from "../value.js";
import { malformed } from "./flat-reader.js";

/** Keys of a stream's schema metadata. spec/xcp.md §14.7 */
export const BatchKey = {
  layout: "xcp.layout",
  kind: "xcp.kind",
  schemaVersion: "xcp.schema_version",
  schemaKey: "xcp.schema_key",
  traceId: "trace_id",
  metadata: "xcp.metadata",
  extra: "xcp.extra",
  scalars: "xcp.scalars",
  attachments: "xcp.attachments",
} as const;

/** How Ethers lie in a stream: one per row, or one whose vectors are the columns. */
export type ArrowLayout = "row" | "table";

/** What a stream says once for all its Ethers. */
export interface BatchMetadata {
  readonly layout: ArrowLayout;
  readonly kind: string;
  readonly schemaVersion: number;
  readonly schemaKey?: SchemaKey;
  /** Metadata that all share, trace_id included. */
  readonly metadata: ValueMap;
  /** Extra fields that all share. */
  readonly extraFields: ValueMap;
  /** Payload beside the columns; `table` only. */
  readonly scalars: ValueMap;
  /** Attachments; `table` only. */
  readonly attachments: readonly Attachment[];
}

/**
 * Reads the `xcp.*` keys of a schema.
 *
 * @throws EtherError `ether.body_malformed` for a missing or malformed key, `ether.attachment_invalid`,
 * `ether.too_large`.
 */
export function readBatchMetadata(
  metadata: ReadonlyMap<string, string>,
  limits: EtherLimits,
): BatchMetadata {
  const layout = metadata.get(BatchKey.layout);
  if (layout !== "row" && layout !== "table") {
    throw malformed(`${BatchKey.layout} is neither row nor table`);
  }
  const kind = metadata.get(BatchKey.kind);
  if (kind === undefined) throw malformed(`no ${BatchKey.kind}`);
  const version = metadata.get(BatchKey.schemaVersion) ?? "";
  if (!/^[0-9]{1,5}$/.test(version)) throw malformed(`${BatchKey.schemaVersion} is no number`);
  const key = metadata.get(BatchKey.schemaKey);
  const map = (name: string): ValueMap => readMap(metadata.get(name), limits);
  const traceId = metadata.get(BatchKey.traceId);
  const shared = map(BatchKey.metadata);
  return {
    layout,
    kind,
    schemaVersion: Number(version),
    ...(key === undefined ? {} : { schemaKey: parseSchemaKey(key) }),
    metadata: traceId === undefined ? shared : mergeMaps({ trace_id: traceId }, shared),
    extraFields: map(BatchKey.extra),
    scalars: map(BatchKey.scalars),
    attachments: readAttachments(metadata.get(BatchKey.attachments), limits),
  };
}

/** Joins two maps into one without a prototype; the second wins. */
export function mergeMaps(first: ValueMap, second: ValueMap): ValueMap {
  return Object.assign(emptyMap(), first, second);
}

/** Reads a map from JSON text; absent is empty. @throws EtherError `ether.body_malformed`, `ether.too_large`. */
export function readMap(text: string | undefined, limits: EtherLimits): ValueMap {
  if (text === undefined) return emptyMap();
  const json = parseJson(encodeUtf8(text), limits);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw malformed("JSON text that is no object");
  }
  return mapFromJson(json, 1, limits.maxNesting);
}

/** Reads a list of attachments from JSON text; absent is empty. @throws as {@link readBatchMetadata}. */
function readAttachments(text: string | undefined, limits: EtherLimits): readonly Attachment[] {
  return readAttachmentList(text, limits).map(attachmentFromJson);
}

/** Reads the items of a list of attachments from JSON text. @throws as {@link readBatchMetadata}. */
export function readAttachmentList(
  text: string | undefined,
  limits: EtherLimits,
): readonly unknown[] {
  if (text === undefined) return [];
  const json = parseJson(encodeUtf8(text), limits);
  if (!Array.isArray(json)) throw malformed("attachments that are no list");
  if (json.length > limits.maxAttachments) {
    throw new EtherError(
      "ether.too_large",
      `${json.length} attachments, limit ${limits.maxAttachments}`,
    );
  }
  return json;
}

/** Writes a schema key as text: hashes in hex, version in decimal. spec/xcp.md §14.7 */
export function formatSchemaKey(key: SchemaKey): string {
  const hash = formatHex(key.hash128 ?? new Uint8Array(16));
  const hex = (id: number): string => id.toString(16).padStart(8, "0");
  return `${hex(key.nsHash)}:${hex(key.kindId)}:${key.major}.${key.minor}:${hash}`;
}

const keyForm = /^([0-9a-f]{1,8}):([0-9a-f]{1,8}):([0-9]{1,5})\.([0-9]{1,5}):([0-9a-f]{32})?$/i;

/** Parses what {@link formatSchemaKey} writes; the hash may be left out. @throws EtherError `ether.body_malformed` */
function parseSchemaKey(text: string): SchemaKey {
  const parts = keyForm.exec(text);
  if (parts === null) throw malformed(`${BatchKey.schemaKey} of another form`);
  const [, nsHash = "", kindId = "", major, minor, hash] = parts;
  return {
    nsHash: Number.parseInt(nsHash, 16),
    kindId: Number.parseInt(kindId, 16),
    major: Number(major),
    minor: Number(minor),
    ...(hash === undefined ? {} : { hash128: parseHex(hash) }),
  };
}
