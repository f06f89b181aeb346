import { AttachmentRef, createEther, type Ether, tensorAttachment } from "@proj/ether-codecs";
import type { TensorView } from "@proj/wire-types";

/** Makes a `tensor` Ether whose elements are an attachment: any element type, any rank, through shared memory if large. */
export function attachedTensorEther(tensor: TensorView): Ether {
  const { attachment, payload } = tensorAttachment("data", tensor);
  return createEther({
    kind: "tensor",
    payload: { ...payload, data: new AttachmentRef("data") },
    attachments: [attachment],
  });
}
