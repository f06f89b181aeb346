import { createEther, type Ether, type Value, type ValueMap } from "@proj/ether-codecs";
import { XcpError } from "@proj/xcp-framing";

/** Kind of the Ether that answers data. */
const RECEIPT_KIND = "receipt";

/** Tags that join the messages of one transfer. */
export const TransferTag = {
  /** Chosen at random by the sender. */
  ID: "node.transfer",
  /** Index of this message, from 0. */
  PART: "node.part",
  /** `1` on the last message. */
  LAST: "node.last",
} as const;

/** Parts of a transfer that are under way at once: enough to keep the line busy, few enough to bound memory. */
export const PARTS_IN_FLIGHT = 4;

/** Asks for a receipt without a summary, when only the way there is of interest: value `hash`. */
export const RECEIPT_TAG = "node.receipt";

/** What the receiver tells about one attachment. */
export interface AttachmentReceipt {
  readonly id: string;
  readonly bytes: number;
  readonly sha256: string;
  /** How its bytes came. */
  readonly via: "inline" | "shm";
}

/** What a receiver tells about data that arrived: proof that it is whole, and that it was understood. */
export interface Receipt {
  /** SHA-256 of the body as the receiver got it, after decryption and decompression; lower-case hex. */
  readonly sha256: string;
  /** Length of that body. */
  readonly bodyBytes: number;
  /** Name of its codec. */
  readonly codec: string;
  /** Kind of its Ethers. */
  readonly kind: string;
  readonly attachments: readonly AttachmentReceipt[];
  /** Messages of the transfer so far. */
  readonly parts: number;
  /** What the receiver computed from all of them; with the last one only. */
  readonly summary: ValueMap | undefined;
}

/** Writes a receipt as an Ether. */
export function receiptEther(receipt: Receipt): Ether {
  return createEther({
    kind: RECEIPT_KIND,
    payload: {
      sha256: receipt.sha256,
      body_bytes: receipt.bodyBytes,
      codec: receipt.codec,
      kind: receipt.kind,
      attachments: receipt.attachments.map(({ id, bytes, sha256, via }): Value => ({
        id,
        bytes,
        sha256,
        via,
      })),
      parts: receipt.parts,
      ...(receipt.summary === undefined ? {} : { summary: receipt.summary }),
    },
  });
}

/** Reads a receipt. @throws XcpError `xcp.body_malformed` when the answer is none. */
export function parseReceipt(ether: Ether | undefined): Receipt {
  if (ether?.kind !== RECEIPT_KIND) {
    throw malformed(`the answer is of kind ${JSON.stringify(ether?.kind ?? "nothing")}`);
  }
  const { payload } = ether;
  const { summary } = payload;
  return {
    sha256: text(payload, "sha256"),
    bodyBytes: count(payload, "body_bytes"),
    codec: text(payload, "codec"),
    kind: text(payload, "kind"),
    attachments: list(payload, "attachments").map((attachment) => ({
      id: text(attachment, "id"),
      bytes: count(attachment, "bytes"),
      sha256: text(attachment, "sha256"),
      via: text(attachment, "via") === "shm" ? "shm" : "inline",
    })),
    parts: count(payload, "parts"),
    summary: isMap(summary) ? summary : undefined,
  };
}

function text(map: ValueMap, name: string): string {
  const value = map[name];
  if (typeof value === "string") return value;
  throw malformed(`${name} of the receipt is no text`);
}

function count(map: ValueMap, name: string): number {
  const value = map[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`${name} of the receipt is no count`);
}

function list(map: ValueMap, name: string): readonly ValueMap[] {
  const value = map[name];
  // Codecs write an empty list and nothing at all the same way.
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isMap)) return value;
  throw malformed(`${name} of the receipt is no list`);
}

function isMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
  );
}

function malformed(message: string): XcpError {
  return new XcpError("xcp.body_malformed", message);
}
