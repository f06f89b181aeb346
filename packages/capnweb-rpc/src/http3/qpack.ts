import { concatBytes } from "@proj/wire-types";
import { Http3Error } from "./http3-error.js";
import { decodeHuffman } from "./huffman.js";

/** One field of a header: lower-case name, value. */
export type Field = readonly [name: string, value: string];

/**
 * The rows of the static table that a WebTransport request or answer can need; other rows are fields that nobody here
 * looks at, and are left out of the result. RFC 9204 Appendix A
 */
const staticRows: ReadonlyMap<number, Field> = new Map([
  [0, [":authority", ""]],
  [1, [":path", "/"]],
  [15, [":method", "CONNECT"]],
  [16, [":method", "DELETE"]],
  [17, [":method", "GET"]],
  [18, [":method", "HEAD"]],
  [19, [":method", "OPTIONS"]],
  [20, [":method", "POST"]],
  [21, [":method", "PUT"]],
  [22, [":scheme", "http"]],
  [23, [":scheme", "https"]],
  [24, [":status", "103"]],
  [25, [":status", "200"]],
  [26, [":status", "304"]],
  [27, [":status", "404"]],
  [28, [":status", "503"]],
  [63, [":status", "100"]],
  [64, [":status", "204"]],
  [65, [":status", "206"]],
  [66, [":status", "302"]],
  [67, [":status", "400"]],
  [68, [":status", "403"]],
  [69, [":status", "421"]],
  [70, [":status", "425"]],
  [71, [":status", "500"]],
  [90, ["origin", ""]],
]);
const STATIC_ROWS = 99;

/** Writes a header without tables and without Huffman code, which any decoder reads. RFC 9204 §4.5.6 */
export function encodeFields(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [Uint8Array.of(0, 0)];
  for (const [name, value] of fields) {
    const [nameBytes, valueBytes] = [name, value].map((text) => new TextEncoder().encode(text));
    if (nameBytes === undefined || valueBytes === undefined) continue;
    parts.push(prefixed(0x20, 3, nameBytes.length), nameBytes);
    parts.push(prefixed(0x00, 7, valueBytes.length), valueBytes);
  }
  return concatBytes(parts);
}

/**
 * Reads a header that does not use the dynamic table, as peers must who were told that it has no room. Values are as
 * long as the bytes they came in, Huffman code apart, so a limit on those bounds the result.
 *
 * @throws Http3Error `QPACK_DECOMPRESSION_FAILED`
 */
export function decodeFields(bytes: Uint8Array): readonly Field[] {
  const cursor = new Cursor(bytes);
  if (cursor.integer(8) !== 0) failed("a reference to the dynamic table");
  // The base says nothing where there is no dynamic table.
  cursor.integer(7);
  const fields: Field[] = [];
  while (cursor.left > 0) {
    const field = readField(cursor);
    if (field !== undefined) fields.push(field);
  }
  return fields;
}

function readField(cursor: Cursor): Field | undefined {
  const first = cursor.peek();
  if ((first & 0x80) !== 0) {
    if ((first & 0x40) === 0) failed("a reference to the dynamic table");
    return staticRow(cursor.integer(6));
  }
  if ((first & 0x40) !== 0) {
    if ((first & 0x10) === 0) failed("a reference to the dynamic table");
    const row = staticRow(cursor.integer(4));
    const value = cursor.text(7);
    return row === undefined ? undefined : [row[0], value];
  }
  if ((first & 0x20) === 0) failed("a reference to the dynamic table");
  const name = cursor.text(3);
  return [name, cursor.text(7)];
}

function staticRow(index: number): Field | undefined {
  if (index >= STATIC_ROWS) failed(`row ${index} of the static table`);
  return staticRows.get(index);
}

/** Reads the integers and strings of QPACK. RFC 9204 §4.1 */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? failed("a header that ends early");
  }

  /** An integer in the low `bits` of the next byte and, where those are all ones, the bytes after it. */
  integer(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.peek() & most;
    this.#at++;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) * factor;
      if (value > 0xffff_ffff) failed("an integer above 2^32");
      if ((byte & 0x80) === 0) return value;
    }
  }

  /** A text whose length stands in the low `bits` of the next byte, and whose coding in the bit above them. */
  text(bits: number): string {
    const coded = (this.peek() & (1 << bits)) !== 0;
    const length = this.integer(bits);
    if (length > this.left) failed("a text that ends early");
    const raw = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return new TextDecoder("latin1").decode(coded ? decodeHuffman(raw) : raw);
  }
}

function prefixed(pattern: number, bits: number, value: number): Uint8Array {
  const most = 2 ** bits - 1;
  if (value < most) return Uint8Array.of(pattern | value);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function failed(what: string): never {
  throw new Http3Error("QPACK_DECOMPRESSION_FAILED", what);
}
