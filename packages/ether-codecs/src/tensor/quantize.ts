import { quantizeInt8, quantizeInt8Rows, type Shape } from "@proj/wire-types";
import { decoding } from "../errors.js";
import { QuantizedTensor } from "./quantized-tensor.js";
import { TensorDType } from "./tensor-header.js";

/** How many scales a tensor gets: one, or one for each row (last dimension). spec/xcp.md §14.4 */
export type Quantization = "global" | "row";

/**
 * Quantises real numbers to 8 bits around 128: scale = max|x| / 127.
 *
 * @param elements Row-major elements, as many as `shape` says.
 * @throws EtherError `ether.ether_invalid` for NaN, infinities, or magnitudes whose scale passes float32.
 * @see spec/xcp.md §14.4
 */
export function quantize(
  shape: Shape,
  elements: Float32Array | Float64Array,
  quantization: Quantization,
): QuantizedTensor {
  const base = { dtype: TensorDType.QNT8, shape, columnMajor: false };
  return decoding("ether.ether_invalid", () => {
    if (quantization === "row") {
      const data = quantizeInt8Rows(elements, shape.at(-1) ?? 0);
      return new QuantizedTensor({ ...base, scale: 1, rowQuantized: true }, data);
    }
    const data = new Uint8Array(elements.length);
    const scale = quantizeInt8(elements, data);
    return new QuantizedTensor({ ...base, scale, rowQuantized: false }, data);
  });
}
