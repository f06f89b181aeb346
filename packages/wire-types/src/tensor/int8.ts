import { wireError } from "../errors.js";

/** What turns stored bytes into numbers: `(stored - zeroPoint) × scale`. spec/xcp.md §14.4, §14.5 */
export interface Int8Scale {
  /** The number that one step stands for; a float32. */
  readonly scale: number;
  /** The byte that stands for 0. Default {@link INT8_ZERO_POINT}. */
  readonly zeroPoint?: number;
}

/** The byte that stands for 0 in TENSOR_QNT8. spec/xcp.md §14.4 */
export const INT8_ZERO_POINT = 128;

/** How rows lie in memory when each brings its own scale. spec/xcp.md §14.4, §14.5 */
export interface Int8RowLayout {
  /** Elements of one row. */
  readonly rowLength: number;
  /** Used for a row whose own scale is NaN. Default 1. */
  readonly defaultScale?: number;
  /** 4: a float32 scale precedes each row. 8: then a zero point and three zero bytes follow it. Default 4. */
  readonly prefixBytes?: 4 | 8;
}

const STORED_MAX = 127;

/**
 * Quantises all of `source` with one scale, max|x| / 127, into bytes around {@link INT8_ZERO_POINT}.
 *
 * @param into Receives the bytes from its start; at least as long as `source`.
 * @returns The scale, a float32. It is 0 when all bytes are the zero point.
 * @throws WireError `wire.invalid_value` for NaN or infinity, `wire.overflow` when float32 cannot hold the scale.
 * @see spec/xcp.md §14.4
 */
export function quantizeInt8(source: Float32Array | Float64Array, into: Uint8Array): number {
  checkRoom(source.length, into.length);
  const scale = Math.fround(largestMagnitude(source) / STORED_MAX);
  if (scale === Number.POSITIVE_INFINITY) {
    throw wireError("wire.overflow", "the scale of these numbers passes float32");
  }
  if (scale === 0) {
    into.fill(INT8_ZERO_POINT, 0, source.length);
    return scale;
  }
  for (let i = 0; i < source.length; i++) {
    const stored = roundHalfAway((source[i] as number) / scale);
    into[i] = INT8_ZERO_POINT + Math.max(-STORED_MAX, Math.min(STORED_MAX, stored));
  }
  return scale;
}

/**
 * Computes `(stored - zero point) × scale` in float32 for every byte of `source`.
 *
 * @param into Receives the numbers from its start and is returned; at least as long as `source`.
 * @see spec/xcp.md §14.4
 */
export function dequantizeInt8(
  source: Uint8Array,
  { scale, zeroPoint = INT8_ZERO_POINT }: Int8Scale,
  into: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkRoom(source.length, into.length);
  for (let i = 0; i < source.length; i++) into[i] = ((source[i] as number) - zeroPoint) * scale;
  return into;
}

/**
 * Quantises each row of `rowLength` numbers with a scale of its own.
 *
 * @returns Rows of a little-endian float32 scale and `rowLength` bytes.
 * @throws WireError `wire.invalid_shape` when rows do not fill `source`; and as {@link quantizeInt8}.
 * @see spec/xcp.md §14.4
 */
export function quantizeInt8Rows(
  source: Float32Array | Float64Array,
  rowLength: number,
): Uint8Array<ArrayBuffer> {
  const rows = countRows(source.length, rowLength);
  const stride = 4 + rowLength;
  const stored = new Uint8Array(rows * stride);
  const view = new DataView(stored.buffer);
  for (let row = 0; row < rows; row++) {
    const at = row * stride;
    const numbers = source.subarray(row * rowLength, (row + 1) * rowLength);
    view.setFloat32(at, quantizeInt8(numbers, stored.subarray(at + 4, at + stride)), true);
  }
  return stored;
}

/**
 * Undoes {@link quantizeInt8Rows}, in float32.
 *
 * @throws WireError `wire.invalid_shape` when rows with their prefixes do not fill `source`.
 * @see spec/xcp.md §14.4, §14.5
 */
export function dequantizeInt8Rows(
  source: Uint8Array,
  { rowLength, defaultScale = 1, prefixBytes = 4 }: Int8RowLayout,
): Float32Array<ArrayBuffer> {
  const stride = prefixBytes + rowLength;
  const rows = countRows(source.length, stride);
  const numbers = new Float32Array(rows * rowLength);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let row = 0; row < rows; row++) {
    const at = row * stride;
    const own = view.getFloat32(at, true);
    const scale = Number.isNaN(own) ? defaultScale : own;
    const zeroPoint = prefixBytes === 8 ? view.getUint8(at + 4) : INT8_ZERO_POINT;
    dequantizeInt8(
      source.subarray(at + prefixBytes, at + stride),
      { scale, zeroPoint },
      numbers.subarray(row * rowLength, (row + 1) * rowLength),
    );
  }
  return numbers;
}

function largestMagnitude(numbers: Float32Array | Float64Array): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const magnitude = Math.abs(numbers[i] as number);
    if (magnitude > largest) largest = magnitude;
    else if (Number.isNaN(magnitude)) throw notFinite(i);
  }
  if (largest === Number.POSITIVE_INFINITY) throw notFinite(numbers.findIndex((x) => 1 / x === 0));
  return largest;
}

// Halves are counted, so that the decision is exact, and without branches: signs are random in real data.
function roundHalfAway(value: number): number {
  const halves = (value + value) | 0;
  const away = halves + ((halves >> 31) | 1);
  return (away - (away >> 31)) >> 1;
}

function countRows(length: number, stride: number): number {
  if (length === 0) return 0;
  if (!Number.isSafeInteger(stride) || stride <= 0 || length % stride !== 0) {
    throw wireError("wire.invalid_shape", `${length} are no whole number of rows of ${stride}`);
  }
  return length / stride;
}

function checkRoom(needed: number, room: number): void {
  if (room < needed) throw new RangeError(`${needed} elements do not fit into ${room}`);
}

function notFinite(index: number): Error {
  return wireError("wire.invalid_value", `element ${index} is not finite: it has no 8-bit form`);
}
