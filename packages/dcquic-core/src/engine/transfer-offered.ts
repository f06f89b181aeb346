import { Shape } from "../wire/constants.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Id64 } from "../wire/id64.js";
import type { EngineEvent, PathId } from "./events.js";

const ONLY = Shape.End | Shape.Headers;

/** The event that every message of a peer begins with: see {@link TransferDrained} for why it is an instance of a class. */
export class TransferOffered implements Extract<EngineEvent, { kind: "transferOffered" }> {
  /** Tells it from other events. */
  readonly kind = "transferOffered";
  /** Its path. */
  readonly path: PathId;
  /** The transfer. */
  readonly transfer: Id64;
  /** The stream: the id of the transfer that opened it. */
  readonly streamId: Id64;
  /** Pattern and shape bits. */
  readonly shape: number;
  /** 0 to 7. */
  readonly priority: number;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** Plain bytes. */
  readonly totalBytes: number;
  /** For the acceptor. */
  readonly meta: Uint8Array;
  /** The announcer's causality token, if it tracks the transfer. */
  readonly token: Id64 | undefined;
  /** All of its bytes, where they rode in the announcement and are the only message of their direction. */
  readonly whole: Uint8Array | undefined;

  /** Says what the announcement of `transfer` said. */
  constructor(path: PathId, transfer: PulledTransfer) {
    this.path = path;
    this.transfer = transfer.id;
    this.streamId = transfer.streamId;
    this.shape = transfer.shape;
    this.priority = transfer.priority;
    this.messageSeq = transfer.messageSeq;
    this.totalBytes = transfer.totalBytes;
    this.meta = transfer.meta;
    this.token = transfer.token;
    this.whole = isOnly(transfer) ? transfer.inline : undefined;
  }
}

// Of a direction with more messages bytes are told when there is room for them.
function isOnly({ messageSeq, shape }: PulledTransfer): boolean {
  return messageSeq === 0 && (shape & ONLY) === Shape.End;
}
