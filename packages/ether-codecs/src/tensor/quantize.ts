import type { Shape } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { DEFAULT_ZERO_POINT, TensorDType, type TensorHeader } from "./tensor-header.js";
import { QuantizedTensor } from "./quantized-tensor.js";

/** How many scales a tensor gets. spec/xcp.md §14.4 */
export type Quantization = "global" | "row";

/** Largest magnitude of a stored byte around its zero point. spec/xcp.md §14.4 */
const QUANTIZED_MAX = 127;

/**
 * Quantises real numbers to 8 bits: scale = max|x| / 127 for the whole tensor or for each row (last dimension).
 *
 * @param elements Row-major elements, as many as `shape` says.
 * @throws EtherError `ether.ether_invalid` for NaN, infinities, or magnitudes whose scale passes float32.
 * @see spec/xcp.md §14.4
 */
export function quantize(
  shape: Shape,
  elements: ArrayLike<number>,
  quantization: Quantization,
): QuantizedTensor {
  const base = { dtype: TensorDType.QNT8, shape, columnMajor: false };
  if (quantization === "global") {
    const scale = scaleOf(elements, 0, elements.length);
    const data = new Uint8Array(elements.length);
    quantizeInto(elements, 0, elements.length, scale, data, 0);
    return new QuantizedTensor({ ...base, scale, rowQuantized: false }, data);
  }
  const header: TensorHeader = { ...base, scale: 1, rowQuantized: true };
  const rowLen = shape.at(-1) ?? 0;
  const rows = rowLen === 0 ? 0 : elements.length / rowLen;
  const data = new Uint8Array(rows * (4 + rowLen));
  const view = new DataView(data.buffer);
  for (let row = 0; row < rows; row++) {
    const from = row * rowLen;
    const to = row * (4 + rowLen);
    const scale = scaleOf(elements, from, from + rowLen);
    view.setFloat32(to, scale, true);
    quantizeInto(elements, from, from + rowLen, scale, data, to + 4);
  }
  return new QuantizedTensor(header, data);
}

function scaleOf(elements: ArrayLike<number>, from: number, to: number): number {
  let max = 0;
  for (let i = from; i < to; i++) {
    const magnitude = Math.abs(elements[i] ?? 0);
    if (!(magnitude < Number.POSITIVE_INFINITY)) {
      throw new EtherError("ether.ether_invalid", `element ${i} is ${elements[i]}: no 8-bit form`);
    }
    if (magnitude > max) max = magnitude;
  }
  const scale = Math.fround(max / QUANTIZED_MAX);
  if (scale === Number.POSITIVE_INFINITY) {
    throw new EtherError("ether.ether_invalid", `a magnitude of ${max} passes float32`);
  }
  return scale;
}

// Rounds half away from zero; a scale of 0 (an all-zero row, or underflow) stores the zero point.
function quantizeInto(
  elements: ArrayLike<number>,
  from: number,
  to: number,
  scale: number,
  into: Uint8Array,
  at: number,
): void {
  if (scale === 0) {
    into.fill(DEFAULT_ZERO_POINT, at, at + to - from);
    return;
  }
  for (let i = from; i < to; i++) {
    const quotient = (elements[i] ?? 0) / scale;
    const magnitude = Math.min(Math.floor(Math.abs(quotient) + 0.5), QUANTIZED_MAX);
    into[at + i - from] = DEFAULT_ZERO_POINT + (quotient < 0 ? -magnitude : magnitude);
  }
}
