import { CodecId, float16Bits, float32ToFloat16, TensorView } from "@proj/wire-types";
import { checkBodySize, onlyEther } from "../assemble-ether.js";
import type { EtherCodec } from "../codec.js";
import { type Elements, elementsOf, shapeOf } from "../elements.js";
import { EtherError } from "../errors.js";
import { resolveEtherLimits } from "../limits.js";
import { classifyValue, type Value } from "../value.js";
import { type Quantization, quantize } from "./quantize.js";
import { QuantizedTensor } from "./quantized-tensor.js";
import { decodeTensor, encodeTensor } from "./tensor-body.js";
import { bareTensorOf, etherFromTensor } from "./tensor-ether.js";
import { TensorDType } from "./tensor-header.js";

/** One float32 tensor, without an envelope. spec/xcp.md §14.3, §14.6 */
export const tensorF32Codec: EtherCodec = tensorCodec({
  id: CodecId.TENSOR_F32,
  name: "TENSOR_F32",
  dtype: TensorDType.F32,
  convert: (content) => floatTensor(content, "float32"),
});

/** One float16 tensor, without an envelope; wider floats are rounded to nearest even. spec/xcp.md §14.3, §14.6 */
export const tensorF16Codec: EtherCodec = tensorCodec({
  id: CodecId.TENSOR_F16,
  name: "TENSOR_F16",
  dtype: TensorDType.F16,
  convert: (content) => floatTensor(content, "float16"),
});

/**
 * Makes the codec of one 8-bit tensor without an envelope. A quantised tensor is sent as it is; floats are quantised.
 *
 * @param quantization Whether floats get one scale, or one for each row.
 * @see spec/xcp.md §14.4, §14.6
 */
export function tensorQnt8Codec(quantization: Quantization = "row"): EtherCodec {
  return tensorCodec({
    id: CodecId.TENSOR_QNT8,
    name: "TENSOR_QNT8",
    dtype: TensorDType.QNT8,
    convert: (content) => quantizedTensor(content, quantization),
  });
}

interface TensorCodecOptions {
  readonly id: number;
  readonly name: string;
  readonly dtype: number;
  readonly convert: (content: Value) => TensorView | QuantizedTensor;
}

function tensorCodec({ id, name, dtype, convert }: TensorCodecOptions): EtherCodec {
  return {
    id,
    name,
    mediaType: "application/octet-stream",
    batches: false,
    encode(ethers, context) {
      const { content, ...header } = bareTensorOf(onlyEther(ethers, name), context);
      return { bodyCodec: id, body: encodeTensor(convert(content), context), ...header };
    },
    decode(body, context) {
      checkBodySize(body, context.limits ?? resolveEtherLimits());
      return [etherFromTensor(decodeTensor(body, dtype, context), context)];
    },
  };
}

/** Presents a value as a float tensor of `dtype`, converting its numbers. @throws EtherError `ether.ether_invalid` */
export function floatTensor(content: Value, dtype: "float32" | "float16"): TensorView {
  if (content instanceof TensorView && content.dtype === dtype) return content;
  const { shape, numbers } = realNumbers(content);
  const single = numbers instanceof Float32Array;
  if (dtype === "float32") {
    return new TensorView(dtype, shape, single ? numbers : Float32Array.from(numbers));
  }
  // What is wider than float32 is rounded once, not to float32 first.
  const bits = single ? float32ToFloat16(numbers) : Uint16Array.from(numbers, float16Bits);
  return new TensorView(dtype, shape, bits);
}

/** Presents a value as an 8-bit tensor, quantising its numbers. @throws EtherError `ether.ether_invalid` */
function quantizedTensor(content: Value, quantization: Quantization): QuantizedTensor {
  if (content instanceof QuantizedTensor) return content;
  const { shape, numbers } = realNumbers(content);
  const floats =
    numbers instanceof Float32Array || numbers instanceof Float64Array
      ? numbers
      : Float64Array.from(numbers);
  return quantize(shape, floats, quantization);
}

interface RealNumbers {
  readonly shape: readonly number[];
  readonly numbers: ArrayLike<number> & Iterable<number>;
}

function realNumbers(content: Value): RealNumbers {
  if (Array.isArray(content) && content.every((item) => typeof item === "number")) {
    return { shape: [content.length], numbers: content };
  }
  const shape = shapeOf(content);
  const elements = elementsOf(content);
  if (shape !== undefined && elements !== undefined && isReal(elements)) {
    return { shape, numbers: elements };
  }
  const kind = classifyValue(content)?.kind ?? typeof content;
  throw new EtherError("ether.ether_invalid", `${kind} is no tensor of real numbers`);
}

// All elements of one vector have one type, which the first shows.
function isReal(elements: Elements): elements is Elements & RealNumbers["numbers"] {
  return elements.length === 0 || typeof elements[0] === "number";
}
