import { XcpError } from "@proj/xcp-framing";
import type { EtherLink, Exchange } from "../ether-link.js";
import { sha256 } from "./digest.js";
import { parseReceipt, type Receipt } from "./receipt.js";

/**
 * Reads the receipt of an exchange and holds it against what was sent: the body's hash and those of its attachments.
 *
 * @throws XcpError `xcp.app` when something else arrived, `xcp.body_malformed` when the answer is no receipt
 */
export function checkReceipt(link: EtherLink, exchange: Exchange): Receipt {
  const { sent, attachments, reply } = exchange;
  const receipt = parseReceipt(link.coder.decode(reply)[0]);
  check("the body", sent.body, receipt.sha256);
  for (const { id, inlineBytes } of attachments) {
    const arrived = receipt.attachments.find((candidate) => candidate.id === id);
    if (inlineBytes !== undefined) check(`attachment ${id}`, inlineBytes, arrived?.sha256);
  }
  return receipt;
}

function check(what: string, sent: Uint8Array, received: string | undefined): void {
  const expected = sha256(sent);
  if (expected === received) return;
  throw new XcpError(
    "xcp.app",
    `${what} did not arrive as it was sent: sent ${expected}, received ${received ?? "nothing"}`,
  );
}
