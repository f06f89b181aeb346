import { EtherError } from "../errors.js";
import type { ArrowField } from "./arrow-type.js";
import { type BatchTemplate, encodeBatchTemplate } from "./batch-message.js";
import type { ColumnDraft } from "./column-draft.js";
import { CONTINUATION, ENCAPSULATION_BYTES } from "./message-kind.js";
import { encodeSchemaMessage, encodeSchemaPrefix, type SchemaPrefix } from "./schema-message.js";

// What depends on the set of columns alone, built once and used for every batch of the same kind.
interface StreamTemplate {
  readonly schema: SchemaPrefix;
  readonly batch: BatchTemplate;
  /** The last schema message, for a batch that says the same as the one before. */
  last?: { readonly metadata: ReadonlyMap<string, string>; readonly message: Uint8Array };
}

// A service sends a handful of kinds; the bound only keeps one that invents columns from collecting templates.
const MAX_TEMPLATES = 64;

/**
 * Writes streams of one record batch into a single allocation.
 *
 * Schemas and batch bookkeeping are kept per set of columns, so that a batch like an earlier one costs the copy of its
 * data and a few numbers.
 */
export class StreamWriter {
  readonly #templates = new Map<string, StreamTemplate>();

  /**
   * Writes schema, one batch of `rows` rows and the end marker.
   *
   * @throws EtherError `ether.too_large` above `maxBytes`.
   * @see spec/xcp.md §14.7
   */
  write(
    columns: readonly ColumnDraft[],
    rows: number,
    metadata: ReadonlyMap<string, string>,
    maxBytes: number,
  ): Uint8Array<ArrayBuffer> {
    const template = this.#template(columns);
    const schema = schemaMessage(template, metadata);
    const batchAt = schema.length;
    const bodyAt = batchAt + template.batch.message.length;
    const places: number[] = [];
    let end = bodyAt;
    for (const { buffers } of columns) {
      for (const bytes of buffers) {
        places.push(end);
        end += padded(bytes);
      }
    }
    const total = end + ENCAPSULATION_BYTES;
    if (total > maxBytes) {
      throw new EtherError("ether.too_large", `Arrow body of ${total} bytes, limit ${maxBytes}`);
    }
    const stream = new Uint8Array(total);
    stream.set(schema);
    stream.set(template.batch.message, batchAt);
    const message = new DataView(stream.buffer, batchAt, bodyAt - batchAt);
    fillBatch(message, template.batch, columns, rows, places, bodyAt, end);
    let from = 0;
    for (const column of columns) {
      column.write(stream, places, from);
      from += column.buffers.length;
    }
    new DataView(stream.buffer, end).setUint32(0, CONTINUATION, true);
    return stream;
  }

  #template(columns: readonly ColumnDraft[]): StreamTemplate {
    const signature = columns.map(({ field }) => signatureOf(field)).join("");
    const known = this.#templates.get(signature);
    if (known !== undefined) return known;
    const nodes = columns.reduce((sum, column) => sum + column.nodes.length / 2, 0);
    const buffers = columns.reduce((sum, column) => sum + column.buffers.length, 0);
    const template = {
      schema: encodeSchemaPrefix(columns.map(({ field }) => field)),
      batch: encodeBatchTemplate(nodes, buffers),
    };
    const [oldest] = this.#templates.keys();
    if (oldest !== undefined && this.#templates.size >= MAX_TEMPLATES) {
      this.#templates.delete(oldest);
    }
    this.#templates.set(signature, template);
    return template;
  }
}

function schemaMessage(
  template: StreamTemplate,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const { last } = template;
  if (last !== undefined && sameMetadata(last.metadata, metadata)) return last.message;
  const message = encodeSchemaMessage(template.schema, metadata);
  template.last = { metadata, message };
  return message;
}

function sameMetadata(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function fillBatch(
  message: DataView,
  template: BatchTemplate,
  columns: readonly ColumnDraft[],
  rows: number,
  places: readonly number[],
  bodyAt: number,
  end: number,
): void {
  setLong(message, template.bodyLengthAt, end - bodyAt);
  setLong(message, template.lengthAt, rows);
  let node = template.nodesAt;
  let buffer = template.buffersAt;
  let place = 0;
  for (const { nodes, buffers } of columns) {
    for (const count of nodes) {
      setLong(message, node, count);
      node += 8;
    }
    for (const bytes of buffers) {
      setLong(message, buffer, (places[place++] ?? 0) - bodyAt);
      setLong(message, buffer + 8, bytes);
      buffer += 16;
    }
  }
}

// Everything of a field that its schema message holds, without ambiguity: names are quoted.
function signatureOf(field: ArrowField): string {
  const { name, type, nullable, children, metadata } = field;
  const bits = "bits" in type ? type.bits : "size" in type ? type.size : "";
  const sign = type.kind === "int" && !type.signed ? "u" : "";
  const enc = metadata.size === 0 ? "" : JSON.stringify([...metadata]);
  const inner = children.length === 0 ? "" : `(${children.map(signatureOf).join("")})`;
  return `${JSON.stringify(name)}${type.kind}${sign}${bits}${nullable ? "?" : ""}${enc}${inner}`;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function setLong(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, value / 2 ** 32, true);
}
