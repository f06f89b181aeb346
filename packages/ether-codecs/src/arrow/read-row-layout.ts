import { assembleEther } from "../assemble-ether.js";
import type { Attachment } from "../attachment.js";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { attachmentFromJson } from "../json/attachment-json.js";
import { emptyMap, type ValueMap } from "../value.js";
import { type BatchMetadata, mergeMaps, readAttachmentList, readMap } from "./batch-metadata.js";
import type { ArrowColumn } from "./column.js";
import { payloadKey, ReservedColumn } from "./column-name.js";
import { malformed } from "./flat-reader.js";
import type { ArrowTable } from "./read-batches.js";
import type { ReadContext, SlotReader } from "./read-context.js";
import { slotReader } from "./slot-reader.js";

/**
 * Reads one Ether per row.
 *
 * Bytes and vectors are views of the table; Ethers without metadata of their own share one map.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large`, `ether.attachment_invalid`, `ether.ether_invalid`.
 * @see spec/xcp.md §14.7
 */
export function readRowLayout(
  table: ArrowTable,
  batch: BatchMetadata,
  context: ReadContext,
): readonly Ether[] {
  const { limits } = context;
  if (table.length > limits.maxEthers) {
    throw new EtherError("ether.too_large", `${table.length} Ethers, limit ${limits.maxEthers}`);
  }
  const ethers: Ether[] = [];
  for (const { columns, length } of table.batches) {
    const rows = new RowReader(columns, length, batch, context);
    for (let i = 0; i < length; i++) ethers.push(rows.read(i));
  }
  return ethers;
}

// An attachment has that many members.
const DESCRIPTOR_VALUES = 8;

interface PayloadColumn {
  readonly key: string;
  readonly read: SlotReader;
}

class RowReader {
  readonly #payload: readonly PayloadColumn[];
  readonly #metadata: SlotReader;
  readonly #extra: SlotReader;
  readonly #descriptors: SlotReader;
  readonly #bytes: SlotReader;
  readonly #batch: BatchMetadata;
  readonly #context: ReadContext;

  constructor(
    columns: readonly ArrowColumn[],
    rows: number,
    batch: BatchMetadata,
    context: ReadContext,
  ) {
    const payload: PayloadColumn[] = [];
    const reserved = new Map<string, SlotReader>();
    for (const column of columns) {
      if (column.type.kind === "null") continue;
      context.spend(rows);
      const key = payloadKey(column.field.name);
      const read = slotReader(column, context);
      if (key === undefined) reserved.set(column.field.name, read);
      else payload.push({ key, read });
    }
    const find = (name: string): SlotReader => reserved.get(name) ?? (() => undefined);
    this.#payload = payload;
    this.#metadata = find(ReservedColumn.metadata);
    this.#extra = find(ReservedColumn.extra);
    this.#descriptors = find(ReservedColumn.attachments);
    this.#bytes = find(ReservedColumn.attachmentBytes);
    this.#batch = batch;
    this.#context = context;
  }

  read(i: number): Ether {
    const { kind, schemaVersion, metadata, extraFields } = this.#batch;
    const payload = emptyMap();
    for (const { key, read } of this.#payload) {
      const value = read(i);
      if (value !== undefined) payload[key] = value;
    }
    const ether: Ether = {
      kind,
      schemaVersion,
      payload,
      metadata: this.#override(metadata, this.#metadata(i)),
      extraFields: this.#override(extraFields, this.#extra(i)),
      attachments: this.#attachments(i),
    };
    return assembleEther(ether, this.#context.limits);
  }

  #override(shared: ValueMap, own: unknown): ValueMap {
    const text = textOf(own);
    if (text === undefined) return shared;
    const map = this.#context.spendOn(readMap(text, this.#context.limits));
    if (Object.keys(map).length === 0) return shared;
    // What all rows share is counted once more for each row that needs a map of its own.
    this.#context.spend(Object.keys(shared).length);
    return mergeMaps(shared, map);
  }

  #attachments(i: number): readonly Attachment[] {
    const text = textOf(this.#descriptors(i));
    const descriptors = readAttachmentList(text, this.#context.limits);
    if (descriptors.length === 0) return [];
    this.#context.spend(descriptors.length * DESCRIPTOR_VALUES);
    const blobs = this.#bytes(i);
    return descriptors.map((descriptor, k) => {
      const attachment = attachmentFromJson(descriptor);
      if (attachment.uri !== undefined) return attachment;
      const blob: unknown = Array.isArray(blobs) ? blobs[k] : undefined;
      if (!(blob instanceof Uint8Array)) {
        throw new EtherError("ether.attachment_invalid", `row ${i}: attachment ${k} has no bytes`);
      }
      return { ...attachment, inlineBytes: blob };
    });
  }
}

function textOf(cell: unknown): string | undefined {
  if (cell === undefined || typeof cell === "string") return cell;
  throw malformed("a reserved column that is no text");
}
