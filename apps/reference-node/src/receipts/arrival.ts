import type { Attachment, Ether } from "@proj/ether-codecs";
import type { ReceivedEthers } from "../ether-link.js";
import type { ReceivedBody } from "../ether-coder.js";
import { codecName } from "../inspect/names.js";
import { sha256 } from "./digest.js";
import type { AttachmentReceipt, Receipt } from "./receipt.js";

/** Writes down what arrived, before anything is computed from it. */
export function arrivalReceipt(message: ReceivedBody, received: ReceivedEthers): Receipt {
  const { ethers, attachments, viaShm } = received;
  return {
    sha256: sha256(message.body),
    bodyBytes: message.body.length,
    codec: codecName(message.bodyCodec),
    kind: kindOf(ethers),
    attachments: attachments.map((attachment) => attachmentReceipt(attachment, viaShm)),
    parts: 1,
    summary: undefined,
  };
}

function attachmentReceipt(
  { id, inlineBytes = new Uint8Array() }: Attachment,
  viaShm: ReadonlySet<string>,
): AttachmentReceipt {
  const via = viaShm.has(id) ? "shm" : "inline";
  return { id, bytes: inlineBytes.length, sha256: sha256(inlineBytes), via };
}

function kindOf(ethers: readonly Ether[]): string {
  return ethers[0]?.kind ?? "";
}
