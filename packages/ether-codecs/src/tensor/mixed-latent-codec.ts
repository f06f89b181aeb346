import { ByteReader, ByteWriter, CodecId, type TensorView } from "@proj/wire-types";
import { checkBodySize, onlyEther } from "../assemble-ether.js";
import type { CodecContext, EtherCodec } from "../codec.js";
import { decoding, EtherError } from "../errors.js";
import { resolveEtherLimits } from "../limits.js";
import { classifyValue, type Value } from "../value.js";
import type { QuantizedTensor } from "./quantized-tensor.js";
import { decodeTensor, prepareTensor, writeTensor } from "./tensor-body.js";
import { floatTensor } from "./tensor-codec.js";
import { bareTensorOf, etherFromTensor } from "./tensor-ether.js";
import { TENSOR_HEADER_BYTES, TensorDType } from "./tensor-header.js";

/** Most tensors in one body. spec/xcp.md §14.9 */
const MAX_TENSORS = 65_536;

/**
 * Several tensors, each in its own codec, without an envelope; the kind's tensor field holds their list. spec/xcp.md §14.9
 */
export const mixedLatentCodec: EtherCodec = {
  id: CodecId.MIXED_LATENT,
  name: "MIXED_LATENT",
  mediaType: "application/octet-stream",
  batches: false,
  encode(ethers, context) {
    const { content, ...header } = bareTensorOf(onlyEther(ethers, "MIXED_LATENT"), context);
    const body = encodeTensors(tensorList(content), context);
    return { bodyCodec: CodecId.MIXED_LATENT, body, ...header };
  },
  decode(body, context) {
    checkBodySize(body, context.limits ?? resolveEtherLimits());
    return [etherFromTensor(decodeTensors(body, context), context)];
  },
};

function tensorList(content: Value): readonly (TensorView | QuantizedTensor)[] {
  const items = Array.isArray(content) ? (content as readonly Value[]) : [content];
  if (items.length > MAX_TENSORS) {
    throw new EtherError("ether.ether_invalid", `${items.length} tensors, at most ${MAX_TENSORS}`);
  }
  return items.map((item) => {
    const classified = classifyValue(item);
    if (classified?.kind === "quantized") return classified.value;
    if (classified?.kind === "tensor" && classified.value.dtype === "float16") {
      return classified.value;
    }
    if (classified?.kind === "tensor" || classified?.kind === "vector") {
      return floatTensor(item, "float32");
    }
    throw new EtherError("ether.ether_invalid", `${classified?.kind ?? typeof item} is no tensor`);
  });
}

function encodeTensors(
  tensors: readonly (TensorView | QuantizedTensor)[],
  context: CodecContext,
): Uint8Array {
  const writer = new ByteWriter(64 + 64 * tensors.length);
  writer.leb128(tensors.length);
  for (const tensor of tensors) {
    const prepared = prepareTensor(tensor, context);
    const body = new Uint8Array(TENSOR_HEADER_BYTES + prepared.data.length);
    writeTensor(prepared, body, 0);
    writer.u8(codecOf(prepared.header.dtype)).leb128(body.length).bytes(body);
  }
  return writer.copy();
}

function decodeTensors(body: Uint8Array, context: CodecContext): readonly Value[] {
  return decoding("ether.body_malformed", () => {
    const reader = new ByteReader(body);
    const count = reader.leb128();
    if (count > MAX_TENSORS) {
      throw new EtherError("ether.too_large", `${count} tensors, at most ${MAX_TENSORS}`);
    }
    const tensors: Value[] = [];
    for (let i = 0; i < count; i++) {
      const dtype = dtypeOf(reader.u8());
      tensors.push(decodeTensor(reader.view(reader.leb128()), dtype, context));
    }
    if (reader.remaining > 0) {
      throw new EtherError("ether.body_malformed", `${reader.remaining} bytes after the tensors`);
    }
    return tensors;
  });
}

const subtypes: ReadonlyMap<number, number> = new Map([
  [CodecId.TENSOR_F32, TensorDType.F32],
  [CodecId.TENSOR_F16, TensorDType.F16],
  [CodecId.TENSOR_QNT8, TensorDType.QNT8],
]);

function dtypeOf(subtype: number): number {
  const dtype = subtypes.get(subtype);
  if (dtype === undefined) {
    throw new EtherError("ether.body_malformed", `tensor subtype ${subtype} is not 2, 3 or 4`);
  }
  return dtype;
}

function codecOf(dtype: number): number {
  for (const [codec, type] of subtypes) if (type === dtype) return codec;
  throw new RangeError(`no codec for dtype ${dtype}`);
}
