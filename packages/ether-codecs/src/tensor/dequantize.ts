import { TensorView } from "@proj/wire-types";
import {
  DEFAULT_ZERO_POINT,
  headerElements,
  headerStrides,
  rowLength,
  rowPrefixBytes,
  type TensorHeader,
} from "./tensor-header.js";

/**
 * Computes `(stored - zero point) × scale` in float32 for every element.
 *
 * `data` is what follows the header and has the length that the header implies. The result is dense, in the header's
 * order.
 *
 * @see spec/xcp.md §14.4, §14.5
 */
export function dequantizeTensor(header: TensorHeader, data: Uint8Array): TensorView {
  const out = new Float32Array(headerElements(header));
  const rowLen = header.rowQuantized ? rowLength(header) : out.length;
  const prefix = rowPrefixBytes(header);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let from = 0;
  for (let to = 0; to < out.length; to += rowLen) {
    const scale = prefix === 0 ? header.scale : rowScale(view.getFloat32(from, true), header);
    const zeroPoint =
      prefix === 8 ? view.getUint8(from + 4) : (header.zeroPoint ?? DEFAULT_ZERO_POINT);
    from += prefix;
    for (let i = 0; i < rowLen; i++) {
      out[to + i] = ((data[from + i] ?? 0) - zeroPoint) * scale;
    }
    from += rowLen;
  }
  const strides = headerStrides(header);
  return new TensorView("float32", header.shape, out, strides === undefined ? {} : { strides });
}

function rowScale(own: number, header: TensorHeader): number {
  return Number.isNaN(own) ? header.scale : own;
}
