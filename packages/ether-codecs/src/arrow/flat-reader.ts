import { decodeUtf8 } from "@proj/wire-types";
import { decoding, EtherError } from "../errors.js";

// A message of n bytes may be walked for this many times n: offsets can share their target, and a few hundred bytes of
// vectors that all point at one another would otherwise take forever.
const BUDGET_FACTOR = 8;
const BUDGET_FLOOR = 1024;

/** Where the fixed-size elements of a vector lie. */
export interface FlatVector {
  /** Offset of the first element in the message. */
  readonly at: number;
  /** Number of elements. */
  readonly count: number;
}

/**
 * Reads one FlatBuffers message that nobody vouches for.
 *
 * Every offset is checked before it is followed, and the sum of everything visited is bounded by a multiple of the
 * message's size. All methods throw EtherError `ether.body_malformed`.
 */
export class FlatReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #budget: number;

  /** `bytes` is exactly one message, as a view. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = BUDGET_FACTOR * bytes.length + BUDGET_FLOOR;
  }

  /** The root table. */
  root(): FlatTable {
    return new FlatTable(this, this.target(0));
  }

  /** Follows the forward offset stored at `at`. */
  target(at: number): number {
    const target = at + this.u32(at);
    this.need(target, 4);
    return target;
  }

  /** Checks that `size` bytes lie at `at`. */
  need(at: number, size: number): void {
    if (at < 0 || at + size > this.#bytes.length) {
      throw malformed(`${size} bytes at ${at} of a message of ${this.#bytes.length} bytes`);
    }
  }

  /** Counts `bytes` of work. */
  spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw malformed("a message that refers to its parts too often");
  }

  /** Reads an unsigned byte. */
  u8(at: number): number {
    this.need(at, 1);
    return this.#view.getUint8(at);
  }

  /** Reads an unsigned 16-bit integer. */
  u16(at: number): number {
    this.need(at, 2);
    return this.#view.getUint16(at, true);
  }

  /** Reads a signed 16-bit integer. */
  i16(at: number): number {
    this.need(at, 2);
    return this.#view.getInt16(at, true);
  }

  /** Reads an unsigned 32-bit integer. */
  u32(at: number): number {
    this.need(at, 4);
    return this.#view.getUint32(at, true);
  }

  /** Reads a signed 32-bit integer. */
  i32(at: number): number {
    this.need(at, 4);
    return this.#view.getInt32(at, true);
  }

  /** Reads a signed 64-bit integer whose magnitude is at most 2^53-1. */
  i64(at: number): number {
    this.need(at, 8);
    const value = this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) throw malformed(`a 64-bit length of about ${value}`);
    return value;
  }

  /** Reads the vector that the offset at `at` leads to. */
  vector(at: number, elementBytes: number): FlatVector {
    const target = this.target(at);
    const count = this.u32(target);
    this.need(target + 4, count * elementBytes);
    this.spend(4 + count * elementBytes);
    return { at: target + 4, count };
  }

  /** Reads the text that the offset at `at` leads to. */
  text(at: number): string {
    const { at: start, count } = this.vector(at, 1);
    const bytes = this.#bytes.subarray(start, start + count);
    return decoding("ether.body_malformed", () => decodeUtf8(bytes));
  }
}

/** One table of a message; fields are named by their number in the schema. An absent field reads as its default. */
export class FlatTable {
  readonly #reader: FlatReader;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;
  readonly #tableBytes: number;

  /** Takes the table at `at`. */
  constructor(reader: FlatReader, at: number) {
    const vtable = at - reader.i32(at);
    const vtableBytes = reader.u16(vtable);
    const tableBytes = reader.u16(vtable + 2);
    if (vtableBytes < 4 || tableBytes < 4) throw malformed("a table without a size");
    reader.need(vtable, vtableBytes);
    reader.need(at, tableBytes);
    reader.spend(vtableBytes + tableBytes);
    this.#reader = reader;
    this.#at = at;
    this.#vtable = vtable;
    this.#vtableBytes = vtableBytes;
    this.#tableBytes = tableBytes;
  }

  /** Reads an unsigned byte. */
  u8(field: number, absent: number): number {
    const at = this.#find(field, 1);
    return at === undefined ? absent : this.#reader.u8(at);
  }

  /** Reads a boolean, `false` when absent. */
  bool(field: number): boolean {
    return this.u8(field, 0) !== 0;
  }

  /** Reads a signed 16-bit integer. */
  i16(field: number, absent: number): number {
    const at = this.#find(field, 2);
    return at === undefined ? absent : this.#reader.i16(at);
  }

  /** Reads a signed 32-bit integer. */
  i32(field: number, absent: number): number {
    const at = this.#find(field, 4);
    return at === undefined ? absent : this.#reader.i32(at);
  }

  /** Reads a signed 64-bit integer, 0 when absent. */
  i64(field: number): number {
    const at = this.#find(field, 8);
    return at === undefined ? 0 : this.#reader.i64(at);
  }

  /** Reads text. */
  text(field: number): string | undefined {
    const at = this.#find(field, 4);
    return at === undefined ? undefined : this.#reader.text(at);
  }

  /** Reads a table. */
  table(field: number): FlatTable | undefined {
    const at = this.#find(field, 4);
    return at === undefined ? undefined : new FlatTable(this.#reader, this.#reader.target(at));
  }

  /** Reads a vector of tables, empty when absent. */
  tables(field: number): readonly FlatTable[] {
    const { at, count } = this.vector(field, 4);
    return Array.from(
      { length: count },
      (_, i) => new FlatTable(this.#reader, this.#reader.target(at + 4 * i)),
    );
  }

  /** Finds a vector of scalars or structs, empty when absent; its elements are read with {@link FlatTable.reader}. */
  vector(field: number, elementBytes: number): FlatVector {
    const at = this.#find(field, 4);
    return at === undefined ? { at: 0, count: 0 } : this.#reader.vector(at, elementBytes);
  }

  /** The message this table lies in. */
  get reader(): FlatReader {
    return this.#reader;
  }

  #find(field: number, size: number): number | undefined {
    const entry = 4 + 2 * field;
    if (entry + 2 > this.#vtableBytes) return undefined;
    const offset = this.#reader.u16(this.#vtable + entry);
    if (offset === 0) return undefined;
    if (offset < 4 || offset + size > this.#tableBytes) {
      throw malformed(`field ${field} at ${offset} of a table of ${this.#tableBytes} bytes`);
    }
    return this.#at + offset;
  }
}

/** Makes the error for an Arrow body that is not one. */
export function malformed(what: string): EtherError {
  return new EtherError("ether.body_malformed", `ARROW_IPC: ${what}`);
}
