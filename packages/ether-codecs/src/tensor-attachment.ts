import { TensorView } from "@proj/wire-types";
import type { Attachment } from "./attachment.js";
import { EtherError } from "./errors.js";
import type { Ether } from "./ether.js";
import { QuantizedTensor } from "./tensor/quantized-tensor.js";
import {
  decodeTensorHeader,
  encodeTensorHeader,
  TENSOR_HEADER_BYTES,
  TensorDType,
} from "./tensor/tensor-header.js";
import type { ValueMap } from "./value.js";

const QNT8 = "TENSOR_QNT8";

/** A tensor as an attachment, and what the payload must hold besides the reference to it. */
export interface TensorAttachment {
  /** The elements, row-major; a view of the tensor where it is contiguous. */
  readonly attachment: Attachment;
  /** Empty, or the scale of an 8-bit tensor under `<id>.header`. */
  readonly payload: ValueMap;
}

/**
 * Makes an attachment of a tensor of any element type and rank.
 *
 * @see spec/xcp.md §13
 */
export function tensorAttachment(
  id: string,
  tensor: TensorView | QuantizedTensor,
): TensorAttachment {
  if (tensor instanceof QuantizedTensor) {
    const header = new Uint8Array(TENSOR_HEADER_BYTES);
    encodeTensorHeader(tensor.header, header, 0);
    const { data } = tensor;
    return {
      attachment: { id, codec: QNT8, inlineBytes: data, sizeBytes: data.length },
      payload: { [headerKey(id)]: header },
    };
  }
  const inlineBytes = tensor.toBytes();
  const { shape, dtype } = tensor;
  return {
    attachment: { id, inlineBytes, shape, dtype, sizeBytes: inlineBytes.length },
    payload: {},
  };
}

/**
 * Presents an attachment as the tensor it holds: a view where aligned. `undefined` for one that does not describe a tensor
 * or whose bytes are elsewhere.
 *
 * @throws EtherError `ether.tensor_header`, `ether.tensor_size` for an 8-bit tensor whose header is missing or does not fit
 * @see spec/xcp.md §13
 */
export function tensorOfAttachment(
  ether: Ether,
  id: string,
): TensorView | QuantizedTensor | undefined {
  const attachment = ether.attachments.find((candidate) => candidate.id === id);
  if (attachment?.inlineBytes === undefined) return undefined;
  const { shape, dtype, inlineBytes } = attachment;
  if (attachment.codec === QNT8) return quantizedTensor(ether, id, inlineBytes);
  if (shape === undefined || dtype === undefined) return undefined;
  return TensorView.fromBytes(dtype, shape, inlineBytes);
}

function quantizedTensor(ether: Ether, id: string, data: Uint8Array): QuantizedTensor {
  const header = ether.payload[headerKey(id)];
  if (!(header instanceof Uint8Array)) {
    throw new EtherError("ether.tensor_header", `the payload has no bytes at ${headerKey(id)}`);
  }
  return new QuantizedTensor(decodeTensorHeader(header, TensorDType.QNT8), data);
}

function headerKey(id: string): string {
  return `${id}.header`;
}
