import { dequantizeInt8, dequantizeInt8Rows, TensorView } from "@proj/wire-types";
import { headerStrides, rowLength, rowPrefixBytes, type TensorHeader } from "./tensor-header.js";

/**
 * Computes `(stored - zero point) × scale` in float32 for every element.
 *
 * `data` is what follows the header and has the length that the header implies. The result is dense, in the header's
 * order.
 *
 * @see spec/xcp.md §14.4, §14.5
 */
export function dequantizeTensor(header: TensorHeader, data: Uint8Array): TensorView {
  const { scale, zeroPoint, shape } = header;
  const prefixBytes = rowPrefixBytes(header);
  const numbers =
    prefixBytes === 0
      ? dequantizeInt8(data, zeroPoint === undefined ? { scale } : { scale, zeroPoint })
      : dequantizeInt8Rows(data, {
          rowLength: rowLength(header),
          defaultScale: scale,
          prefixBytes,
        });
  const strides = headerStrides(header);
  return new TensorView("float32", shape, numbers, strides === undefined ? {} : { strides });
}
