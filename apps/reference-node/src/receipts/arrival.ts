import type { Ether } from "@proj/ether-codecs";
import type { IncomingMessage } from "@proj/xcp-framing";
import { createHash } from "node:crypto";
import type { EtherLink } from "../ether-link.js";
import { codecName } from "../inspect/names.js";
import type { Receipt } from "./receipt.js";

/** What a body turned out to be. */
export interface Arrival {
  readonly ethers: readonly Ether[];
  /** The receipt without anything computed from the content. */
  readonly receipt: Receipt;
}

/** The part of a message that its body depends on. */
export type ReceivedBody = Pick<IncomingMessage, "bodyCodec" | "schemaKey" | "tags" | "body">;

/** Decodes a body and hashes it. @throws EtherError with the number that a NACK carries */
export function receiveBody(link: EtherLink, message: ReceivedBody): Arrival {
  const ethers = link.decode(message);
  const attachments = ethers.flatMap((ether) =>
    ether.attachments.map(({ id, inlineBytes = new Uint8Array() }) => ({
      id,
      bytes: inlineBytes.length,
      sha256: sha256(inlineBytes),
      via: "inline" as const,
    })),
  );
  const receipt: Receipt = {
    sha256: sha256(message.body),
    bodyBytes: message.body.length,
    codec: codecName(message.bodyCodec),
    kind: ethers[0]?.kind ?? "",
    attachments,
    parts: 1,
    summary: undefined,
  };
  return { ethers, receipt };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
