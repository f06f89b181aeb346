import { typedView } from "@proj/wire-types";
import type { ArrowField, ArrowType } from "./arrow-type.js";
import type { BatchHeader } from "./batch-message.js";
import type { ArrowColumn, ArrowOffsets } from "./column.js";
import { malformed } from "./flat-reader.js";
import type { BatchMessage } from "./ipc-stream.js";

/** Dictionaries received so far, by id: parts in order. */
export type Dictionaries = ReadonlyMap<number, readonly ArrowColumn[]>;

/**
 * Finds the columns of a batch in its body and checks that every slot lies inside its buffers.
 *
 * Afterwards no offset, length or dictionary index leads out of bounds. Nothing is copied.
 *
 * @throws EtherError `ether.body_malformed`
 */
export function loadColumns(
  batch: BatchMessage,
  fields: readonly ArrowField[],
  dictionaries: Dictionaries,
): readonly ArrowColumn[] {
  const loader = new ColumnLoader(batch, dictionaries);
  const columns = fields.map((field) => loader.load(field));
  loader.end();
  for (const { field, length } of columns) {
    if (length !== batch.header.length) {
      throw malformed(`column ${field.name} of ${length} slots in ${batch.header.length} rows`);
    }
  }
  return columns;
}

class ColumnLoader {
  readonly #header: BatchHeader;
  readonly #body: Uint8Array;
  readonly #unionValidity: boolean;
  readonly #dictionaries: Dictionaries;
  #node = 0;
  #buffer = 0;
  #bufferBytes = 0;

  constructor(batch: BatchMessage, dictionaries: Dictionaries) {
    this.#header = batch.header;
    this.#body = batch.body;
    this.#unionValidity = batch.unionValidity;
    this.#dictionaries = dictionaries;
  }

  load(field: ArrowField): ArrowColumn {
    const type = field.dictionary?.indexType ?? field.type;
    const { length, nulls } = this.#nextNode(field);
    const validity = this.#validity(type, length, nulls);
    const slots = { field, type, length, ...(validity === undefined ? {} : { validity }) };
    const whole = this.#slots(slots, field);
    if (field.dictionary === undefined) return whole;
    const dictionary = this.#dictionaries.get(field.dictionary.id) ?? [];
    checkIndices(whole, dictionary);
    return { ...whole, dictionary };
  }

  end(): void {
    const { nodes, buffers } = this.#header;
    if (this.#node !== nodes || this.#buffer !== buffers) {
      throw malformed(
        `a batch of ${nodes} nodes and ${buffers} buffers where the schema needs ${this.#node} and ${this.#buffer}`,
      );
    }
  }

  #slots(slots: Omit<ArrowColumn, "data" | "children">, field: ArrowField): ArrowColumn {
    const { type, length } = slots;
    switch (type.kind) {
      case "utf8":
      case "binary":
      case "largeUtf8":
      case "largeBinary": {
        const offsets = this.#offsets(length, type.kind.startsWith("large"));
        const data = this.#nextBuffer(0);
        checkOffsets(offsets, data.length, field);
        return { ...slots, offsets, data, children: [] };
      }
      case "list":
      case "largeList":
      case "map": {
        const offsets = this.#offsets(length, type.kind === "largeList");
        const children = field.children.map((child) => this.load(child));
        checkOffsets(offsets, children[0]?.length ?? 0, field);
        return { ...slots, offsets, data: none, children };
      }
      case "union":
        return this.#union(slots, field, type);
      case "fixedList":
      case "struct":
      case "null": {
        const children = field.children.map((child) => this.load(child));
        const needed = type.kind === "fixedList" ? length * type.size : length;
        const short = children.find((child) => child.length < needed);
        if (short !== undefined) {
          throw malformed(`${field.name}: a child of ${short.length} slots, ${needed} needed`);
        }
        return { ...slots, data: none, children };
      }
      case "int":
      case "float":
      case "fixed":
      case "bool":
        return { ...slots, data: this.#nextBuffer(fixedBytes(type, length)), children: [] };
    }
  }

  #union(
    slots: Omit<ArrowColumn, "data" | "children">,
    field: ArrowField,
    type: ArrowType & { readonly kind: "union" },
  ): ArrowColumn {
    const { length } = slots;
    const ids = this.#nextBuffer(length);
    const dense = type.dense ? this.#nextBuffer(4 * length) : undefined;
    const children = field.children.map((child) => this.load(child));
    const starts = dense === undefined ? undefined : typedView("int32", dense);
    for (let i = 0; i < length; i++) {
      const id = ids[i] ?? 0;
      const child = children[type.typeIds.length === 0 ? id : type.typeIds.indexOf(id)];
      const at = Number(starts?.[i] ?? i);
      if (child === undefined || at < 0 || at >= child.length) {
        throw malformed(`${field.name}: slot ${i} of a union points nowhere`);
      }
    }
    return { ...slots, data: ids, children };
  }

  #nextNode(field: ArrowField): { readonly length: number; readonly nulls: number } {
    const i = this.#node++;
    if (i >= this.#header.nodes) throw malformed(`${field.name}: no field node`);
    const length = this.#header.nodeLength(i);
    const nulls = this.#header.nodeNulls(i);
    if (length < 0 || nulls < 0 || nulls > length) {
      throw malformed(`${field.name}: ${nulls} nulls in ${length} slots`);
    }
    return { length, nulls };
  }

  #validity(type: ArrowType, length: number, nulls: number): Uint8Array | undefined {
    if (type.kind === "null" || (type.kind === "union" && !this.#unionValidity)) return undefined;
    const bitmap = this.#nextBuffer(nulls === 0 ? 0 : bitBytes(length));
    return nulls === 0 ? undefined : bitmap;
  }

  #offsets(length: number, large: boolean): ArrowOffsets {
    // An empty column may leave its offsets out altogether.
    const count = length === 0 ? 0 : length + 1;
    const bytes = this.#nextBuffer(count * (large ? 8 : 4));
    const offsets = typedView(large ? "int64" : "int32", bytes) as ArrowOffsets;
    return offsets.subarray(0, count);
  }

  #nextBuffer(needed: number): Uint8Array {
    const i = this.#buffer++;
    if (i >= this.#header.buffers) throw malformed("a batch with too few buffers");
    const offset = this.#header.bufferOffset(i);
    const length = this.#header.bufferLength(i);
    if (offset < 0 || length < 0 || offset + length > this.#body.length || offset % 8 !== 0) {
      throw malformed(`buffer ${i} at ${offset}, ${length} bytes, in ${this.#body.length}`);
    }
    // Buffers that overlap would let a few bytes of body become any number of values.
    this.#bufferBytes += length;
    if (this.#bufferBytes > this.#body.length) throw malformed("buffers that overlap");
    if (length < needed) throw malformed(`buffer ${i} of ${length} bytes, ${needed} needed`);
    return this.#body.subarray(offset, offset + length);
  }
}

const none = new Uint8Array(0);

function bitBytes(bits: number): number {
  return Math.ceil(bits / 8);
}

function fixedBytes(type: ArrowType, length: number): number {
  if (type.kind === "fixed") return length * type.bytes;
  return "bits" in type ? (length * type.bits) / 8 : bitBytes(length);
}

function checkOffsets(offsets: ArrowOffsets, end: number, field: ArrowField): void {
  // Also catches what 64-bit offsets beyond 2^53 would do: they are greater than any end.
  let previous: number | bigint = 0;
  for (const offset of offsets) {
    if (offset < previous) throw malformed(`${field.name}: offsets that go backwards`);
    previous = offset;
  }
  if (previous > end)
    throw malformed(`${field.name}: offsets up to ${previous}, data up to ${end}`);
}

function checkIndices(column: ArrowColumn, dictionary: readonly ArrowColumn[]): void {
  const { field, type, length, validity } = column;
  if (type.kind !== "int")
    throw malformed(`${field.name}: dictionary indices that are ${type.kind}`);
  const size = dictionary.reduce((sum, part) => sum + part.length, 0);
  const indices = typedView(`${type.signed ? "" : "u"}int${type.bits}`, column.data);
  for (let i = 0; i < length; i++) {
    if (validity !== undefined && (((validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) continue;
    const index = indices[i] ?? -1;
    if (index < 0 || index >= size) {
      throw malformed(`${field.name}: index ${index} into a dictionary of ${size}`);
    }
  }
}
