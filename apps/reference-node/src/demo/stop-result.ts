import type { ValueMap } from "@proj/ether-codecs";
import type { AttachmentReceipt } from "../receipts/receipt.js";
import type { Stop } from "./stops.js";

/** What one stop of the tour showed. Times are medians of its rounds. */
export interface StopResult extends Pick<Stop, "what" | "codec" | "mode" | "transport"> {
  /** Encoded bytes before compression and encryption. */
  readonly bodyBytes: number;
  /** Bytes that this end wrote for one request, frames and all. */
  readonly wireBytes: number;
  /** Frames of one request. */
  readonly frames: number;
  /** From request to receipt. */
  readonly latencyUs: number;
  /** The same body over plain HTTP/2, rounds in turn. */
  readonly http2: { readonly latencyUs: number; readonly wireBytes: number };
  readonly rounds: number;
  /** SHA-256 of the body as the receiver computed it; it is that of what was sent. */
  readonly sha256: string;
  /** What travelled beside the body, with hashes of its own. */
  readonly attachments: readonly AttachmentReceipt[];
  /** What the receiver computed from the content; the sender computed the same. */
  readonly summary: ValueMap;
}
