import type { Shape, TensorView } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { dequantizeTensor } from "./dequantize.js";
import { tensorDataBytes, type TensorHeader } from "./tensor-header.js";

/**
 * A TENSOR_QNT8 tensor as it came or will go: stored bytes with their scales. spec/xcp.md §14.4
 *
 * It counts as the float32 tensor that {@link QuantizedTensor.toTensor} computes when it is first asked.
 */
export class QuantizedTensor {
  /** Shape, scale and flags. */
  readonly header: TensorHeader;
  /** The data after the header: stored bytes, each row after its own scale when `rowQuantized`. A view. */
  readonly data: Uint8Array;
  #tensor: TensorView | undefined;

  /**
   * Wraps `data`, which is not copied.
   *
   * @throws EtherError `ether.tensor_size` when `data` is not what the header says.
   */
  constructor(header: TensorHeader, data: Uint8Array) {
    const needed = tensorDataBytes(header);
    if (needed !== data.length) {
      throw new EtherError(
        "ether.tensor_size",
        `shape [${header.shape.join(", ")}] takes ${needed} bytes, not ${data.length}`,
      );
    }
    this.header = header;
    this.data = data;
  }

  /** Sizes of the dimensions. */
  get shape(): Shape {
    return this.header.shape;
  }

  /** The real numbers as a float32 tensor `header.shape`; computed once, then kept. */
  toTensor(): TensorView {
    this.#tensor ??= dequantizeTensor(this.header, this.data);
    return this.#tensor;
  }
}
