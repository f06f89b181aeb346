import type { SchemaKey } from "@proj/wire-types";
import type { Attachment } from "../attachment.js";
import type { Ether } from "../ether.js";
import { attachmentToJson } from "../json/attachment-json.js";
import { formatCanonicalValue } from "../json/format-value.js";
import type { EtherLimits } from "../limits.js";
import type { Value, ValueMap } from "../value.js";
import type { Cells, ColumnDraft } from "./column-draft.js";
import { columnName, ReservedColumn } from "./column-name.js";
import { draftColumn } from "./draft-column.js";
import { draftLists } from "./draft-lists.js";
import { draftBytes, draftText } from "./draft-scalars.js";
import { numberListsOf } from "./number-lists.js";
import { sharedEntries, withoutShared } from "./shared-entries.js";
import { writeBatchMetadata } from "./write-batch-metadata.js";

/** A batch that is ready to be written as a stream. */
export interface LayoutDraft {
  readonly columns: readonly ColumnDraft[];
  readonly rows: number;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Lays Ethers of one kind and version out one per row; what their metadata share is said once.
 *
 * @param schemaKey written as `xcp.schema_key` when given.
 * @throws EtherError `ether.ether_invalid` for what Arrow and JSON both cannot carry, `ether.too_large`.
 * @see spec/xcp.md §14.7
 */
export function draftRowLayout(
  ethers: readonly [Ether, ...Ether[]],
  limits: EtherLimits,
  schemaKey: SchemaKey | undefined,
): LayoutDraft {
  const { maxNesting } = limits;
  const [ether] = ethers;
  const metadata = ethers.map((each) => each.metadata);
  const extraFields = ethers.map((each) => each.extraFields);
  const shared = sharedEntries(metadata);
  const sharedExtra = sharedEntries(extraFields);
  const columns = [
    ...payloadColumns(ethers, maxNesting),
    restColumn(ReservedColumn.metadata, metadata, shared, maxNesting),
    restColumn(ReservedColumn.extra, extraFields, sharedExtra, maxNesting),
    ...attachmentColumns(ethers),
  ].filter((column) => column !== undefined);
  const description = { layout: "row", ether, schemaKey, maxNesting } as const;
  return {
    columns,
    rows: ethers.length,
    metadata: writeBatchMetadata({ ...description, metadata: shared, extraFields: sharedExtra }),
  };
}

function payloadColumns(
  ethers: readonly Ether[],
  maxNesting: number,
): readonly (ColumnDraft | undefined)[] {
  return payloadKeys(ethers).map((key) => {
    const numberLists = numberListsOf(ethers[0]?.kind ?? "", key);
    return draftColumn(columnName(key), valuesOf(ethers, key), { maxNesting, numberLists });
  });
}

function payloadKeys(ethers: readonly Ether[]): readonly string[] {
  const keys = new Set<string>();
  let previous: readonly string[] = [];
  for (const { payload } of ethers) {
    const own = Object.keys(payload);
    // Rows of a batch mostly have the same keys in the same order.
    if (!sameKeys(own, previous)) for (const key of own) keys.add(key);
    previous = own;
  }
  return [...keys];
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function valuesOf(ethers: readonly Ether[], key: string): readonly (Value | undefined)[] {
  // Asking for ownership costs more than the read, and only these names can be inherited.
  return key in Object.prototype
    ? ethers.map(({ payload }) => (Object.hasOwn(payload, key) ? payload[key] : undefined))
    : ethers.map(({ payload }) => payload[key]);
}

// What a row's map has beyond the shared one; no column when no row has anything.
function restColumn(
  name: string,
  maps: readonly ValueMap[],
  shared: ValueMap,
  maxNesting: number,
): ColumnDraft | undefined {
  const sharedCount = Object.keys(shared).length;
  const isShared = (map: ValueMap): boolean =>
    map === shared || Object.keys(map).length === sharedCount;
  if (maps.every(isShared)) return undefined;
  const texts = maps.map((map) =>
    isShared(map) ? undefined : formatCanonicalValue(withoutShared(map, shared), maxNesting),
  );
  return draftText(name, texts);
}

function attachmentColumns(ethers: readonly Ether[]): readonly ColumnDraft[] {
  if (ethers.every(({ attachments }) => attachments.length === 0)) return [];
  const present = ethers.map(({ attachments }) =>
    attachments.length === 0 ? undefined : attachments,
  );
  const texts = present.map((list) =>
    list === undefined ? undefined : JSON.stringify(list.map(descriptor)),
  );
  const blobs: Cells<Uint8Array> = present.flatMap((list) =>
    (list ?? []).map(({ inlineBytes }) => inlineBytes),
  );
  const counts = present.map((list) => list?.length);
  return [
    draftText(ReservedColumn.attachments, texts),
    draftLists(ReservedColumn.attachmentBytes, counts, draftBytes("item", blobs)),
  ];
}

function descriptor(attachment: Attachment): unknown {
  const { inlineBytes: _bytes, ...rest } = attachment;
  return attachmentToJson(rest);
}
