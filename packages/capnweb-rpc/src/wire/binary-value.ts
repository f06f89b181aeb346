import { readBase64, writeBase64 } from "./base64.js";
import type { NativeValues } from "./encoding-level.js";
import { LONG_BYTES, PlainText } from "./message-text.js";

/** What `["bytes", …]` stands for. */
export type BinaryValue = ArrayBuffer | ArrayBufferView;

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

interface BinaryType {
  readonly elementBytes: number;
  make(buffer: ArrayBuffer): BinaryValue;
}

const types: ReadonlyMap<string, BinaryType> = new Map<string, BinaryType>([
  ["ArrayBuffer", { elementBytes: 1, make: (buffer) => buffer }],
  ["DataView", { elementBytes: 1, make: (buffer) => new DataView(buffer) }],
  ["Int8Array", { elementBytes: 1, make: (buffer) => new Int8Array(buffer) }],
  ["Uint8Array", { elementBytes: 1, make: (buffer) => new Uint8Array(buffer) }],
  ["Uint8ClampedArray", { elementBytes: 1, make: (buffer) => new Uint8ClampedArray(buffer) }],
  ["Int16Array", { elementBytes: 2, make: (buffer) => new Int16Array(buffer) }],
  ["Uint16Array", { elementBytes: 2, make: (buffer) => new Uint16Array(buffer) }],
  ["Int32Array", { elementBytes: 4, make: (buffer) => new Int32Array(buffer) }],
  ["Uint32Array", { elementBytes: 4, make: (buffer) => new Uint32Array(buffer) }],
  ["Float32Array", { elementBytes: 4, make: (buffer) => new Float32Array(buffer) }],
  ["Float64Array", { elementBytes: 8, make: (buffer) => new Float64Array(buffer) }],
  ["BigInt64Array", { elementBytes: 8, make: (buffer) => new BigInt64Array(buffer) }],
  ["BigUint64Array", { elementBytes: 8, make: (buffer) => new BigUint64Array(buffer) }],
]);

/**
 * Writes bytes, their type only where it is not `Uint8Array`. Where bytes are native the
 * expression holds a copy, exactly as long as the value. spec/capnweb.md §5
 */
export function writeBinary(value: BinaryValue, natives: NativeValues): unknown[] {
  const type = Object.prototype.toString.call(value).slice(8, -1);
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  const elementBytes = types.get(type)?.elementBytes ?? 1;
  const ordered = littleEndian || elementBytes === 1 ? bytes : swapped(bytes, elementBytes);
  const carried = natives.bytes ? ordered.slice() : base64Of(ordered, natives);
  return type === "Uint8Array" ? ["bytes", carried] : ["bytes", carried, type];
}

function base64Of(bytes: Uint8Array, { plainText }: NativeValues): string | PlainText {
  const text = writeBase64(bytes);
  return plainText && bytes.length >= LONG_BYTES ? new PlainText(text) : text;
}

/**
 * Reads `["bytes", text or bytes, type?]`; without a type Node gets a `Buffer`, others a
 * `Uint8Array`. Answers `undefined` when the second element is neither text nor bytes.
 *
 * @throws TypeError for an unknown type, or a length that is no multiple of its element's.
 */
export function readBinary(expression: readonly unknown[]): BinaryValue | undefined {
  const [, carried, type] = expression;
  const bytes = typeof carried === "string" ? readBase64(carried) : nativeBytes(carried);
  if (bytes === undefined || type === undefined) return bytes;
  if (typeof type !== "string") {
    throw new TypeError(`Unknown bytes type marker type: ${typeof type}`);
  }
  const known = types.get(type);
  if (known === undefined) throw new TypeError(`Unknown bytes type marker: ${type.slice(0, 64)}`);
  const { elementBytes } = known;
  if (bytes.byteLength % elementBytes !== 0) {
    throw new TypeError(
      `Invalid byte length ${bytes.byteLength} for ${type}; expected a multiple of ${elementBytes}`,
    );
  }
  const ordered = littleEndian || elementBytes === 1 ? bytes : swapped(bytes, elementBytes);
  return known.make(exactBuffer(ordered));
}

function nativeBytes(carried: unknown): Uint8Array<ArrayBuffer> | undefined {
  return carried instanceof Uint8Array ? (carried as Uint8Array<ArrayBuffer>) : undefined;
}

function exactBuffer(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  // A pooled Buffer shares its memory with strangers.
  return new Uint8Array(bytes).buffer;
}

function swapped<B extends ArrayBufferLike>(
  bytes: Uint8Array<B>,
  elementBytes: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < out.length; at += elementBytes)
    out.subarray(at, at + elementBytes).reverse();
  return out;
}
