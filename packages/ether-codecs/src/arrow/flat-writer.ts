import { encodeUtf8Into, utf8Length } from "@proj/wire-types";

/** A scalar, text or table inside a {@link FlatFields} list. */
export type FlatValue =
  | { readonly kind: "u8" | "i16" | "i32" | "i64"; readonly value: number; readonly mark?: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "table"; readonly value: FlatFields }
  | { readonly kind: "tables"; readonly value: readonly FlatFields[] }
  /** A vector of structs made of 64-bit integers, all zero. */
  | {
      readonly kind: "structs";
      readonly count: number;
      readonly longs: number;
      readonly mark: string;
    }
  /** An offset that {@link FlatWriter.attach} fills in later. */
  | { readonly kind: "later"; readonly mark: string };

/** The fields of a table: number in the schema, then value. */
export type FlatFields = readonly (readonly [field: number, value: FlatValue])[];

const inlineBytes = { u8: 1, i16: 2, i32: 4, i64: 8 } as const;

/**
 * Writes FlatBuffers front to back: every table lies before what it refers to, so that a message can be continued.
 *
 * Marks remember where a value lies, for those who patch it in copies of the message.
 */
export class FlatWriter {
  /** Where marked values lie, in bytes from the start of {@link FlatWriter.finish}'s result. */
  readonly marks: Map<string, number> = new Map();
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length: number;

  /** Starts behind `prefix`, which is copied and whose length is a multiple of 8 unless it was written here. */
  constructor(prefix: Uint8Array) {
    this.#bytes = new Uint8Array(2 * prefix.length + 512);
    this.#bytes.set(prefix);
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = prefix.length;
  }

  /** Writes the root offset and the root table. */
  root(fields: FlatFields): void {
    const at = this.#room(4, 4);
    this.#link(at, this.#table(fields));
  }

  /** Writes a vector of tables at the end and lets the offset at `at` point to it. */
  attach(at: number, tables: readonly FlatFields[]): void {
    this.#link(at, this.#tables(tables));
  }

  /** Pads to a multiple of 8 and returns the whole; a view that later writes do not change. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#room(0, 8);
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written so far, without padding, to be continued by another writer; a view. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #table(fields: FlatFields): number {
    const slots = fields.reduce((most, [field]) => Math.max(most, field + 1), 0);
    const vtableBytes = 4 + 2 * slots;
    const vtable = this.#room(vtableBytes, 2);
    let size = 4;
    const offsets = fields.map(([, value]) => {
      const width = value.kind in inlineBytes ? inlineBytes[value.kind as "u8"] : 4;
      const offset = Math.ceil(size / width) * width;
      size = offset + width;
      return offset;
    });
    const table = this.#room(size, 8);
    this.#view.setUint16(vtable, vtableBytes, true);
    this.#view.setUint16(vtable + 2, size, true);
    this.#view.setInt32(table, table - vtable, true);
    for (const [i, [field, value]] of fields.entries()) {
      const offset = offsets[i] ?? 0;
      this.#view.setUint16(vtable + 4 + 2 * field, offset, true);
      this.#value(table + offset, value);
    }
    return table;
  }

  #value(at: number, value: FlatValue): void {
    if ("mark" in value && value.mark !== undefined) this.marks.set(value.mark, at);
    switch (value.kind) {
      case "u8":
        this.#view.setUint8(at, value.value);
        return;
      case "i16":
        this.#view.setInt16(at, value.value, true);
        return;
      case "i32":
        this.#view.setInt32(at, value.value, true);
        return;
      case "i64":
        this.#view.setBigInt64(at, BigInt(value.value), true);
        return;
      case "text":
        this.#link(at, this.#text(value.value));
        return;
      case "table":
        this.#link(at, this.#table(value.value));
        return;
      case "tables":
        this.#link(at, this.#tables(value.value));
        return;
      case "structs": {
        const vector = this.#structs(value.count, 8 * value.longs);
        this.marks.set(value.mark, vector + 4);
        this.#link(at, vector);
        return;
      }
      case "later":
    }
  }

  #tables(tables: readonly FlatFields[]): number {
    const vector = this.#room(4 + 4 * tables.length, 4);
    this.#view.setUint32(vector, tables.length, true);
    for (const [i, fields] of tables.entries()) {
      this.#link(vector + 4 + 4 * i, this.#table(fields));
    }
    return vector;
  }

  #structs(count: number, bytes: number): number {
    // The elements, not the count before them, are aligned to 8.
    const vector = this.#room(8, 8) + 4;
    this.#room(count * bytes, 8);
    this.#view.setUint32(vector, count, true);
    return vector;
  }

  #text(text: string): number {
    const bytes = utf8Length(text);
    const at = this.#room(4 + bytes + 1, 4);
    this.#view.setUint32(at, bytes, true);
    encodeUtf8Into(text, this.#bytes.subarray(at + 4, at + 4 + bytes));
    return at;
  }

  #link(at: number, target: number): void {
    this.#view.setUint32(at, target - at, true);
  }

  // Returns the aligned start of `size` zero bytes at the end.
  #room(size: number, alignment: number): number {
    const start = Math.ceil(this.#length / alignment) * alignment;
    this.#length = start + size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }
}
