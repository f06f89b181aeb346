import { AttachmentRef, type Attachment, createEther, type Ether } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";

/** Makes a `tensor` Ether whose elements are an attachment: any element type, any rank, through shared memory if large. */
export function attachedTensorEther(tensor: TensorView): Ether {
  const inlineBytes = tensor.toBytes();
  const { shape, dtype } = tensor;
  const attachment: Attachment = {
    id: "data",
    inlineBytes,
    shape,
    dtype,
    sizeBytes: inlineBytes.length,
  };
  return createEther({
    kind: "tensor",
    payload: { data: new AttachmentRef("data") },
    attachments: [attachment],
  });
}

/** Presents an attachment as the tensor that its shape and dtype describe; `undefined` for one without, or out of reach. */
export function tensorOfAttachment(ether: Ether, id: string): TensorView | undefined {
  const attachment = ether.attachments.find((candidate) => candidate.id === id);
  if (attachment?.inlineBytes === undefined) return undefined;
  const { shape, dtype, inlineBytes } = attachment;
  if (shape === undefined || dtype === undefined) return undefined;
  return TensorView.fromBytes(dtype, shape, inlineBytes);
}
