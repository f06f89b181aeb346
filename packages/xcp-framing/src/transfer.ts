import type { SchemaKey } from "@proj/wire-types";
import type { BodySource } from "./body-source.js";
import type { IncomingMessage } from "./message.js";
import type { FrameHeader, MsgId, Tag } from "./wire/header.js";

/** What settles a transfer: being written, the peer's ACK, its reply, or both. */
export type Expectation = "written" | "ack" | "reply" | "replyAndAck";

/**
 * Where a transfer is.
 *
 * ```
 * waiting → queued → sent → done
 *    ↑         ↑       ↓
 *    |         └── resting      (refused or unanswered: sent again at `retryAtUs`)
 *    └ max_inflight or the queue is full
 * ```
 */
export type TransferState = "waiting" | "queued" | "sent" | "resting" | "done";

/** What {@link Transfer} is made of. */
export interface TransferInit {
  readonly channelId: number;
  readonly msgType: number;
  readonly bodyCodec: number;
  readonly schemaKey: SchemaKey | undefined;
  readonly inReplyTo: MsgId;
  readonly tags: readonly Tag[];
  readonly flags: number;
  readonly body: Uint8Array | BodySource;
  readonly expects: Expectation;
  readonly deadlineUs: number;
  readonly maxAttempts: number;
}

/** One message on its way out; it is the header of its own frames. */
export class Transfer implements FrameHeader {
  readonly channelId: number;
  readonly msgType: number;
  readonly bodyCodec: number;
  readonly schemaKey: SchemaKey | undefined;
  readonly inReplyTo: MsgId;
  readonly tags: readonly Tag[];
  /** Changed only by a retry that must not reuse its id. §12 */
  msgId = 0;
  /** COMP and ACKREQ. */
  readonly flags: number;
  readonly body: Uint8Array | BodySource;
  readonly expects: Expectation;
  readonly maxAttempts: number;
  /** When it fails with `xcp.timeout`; `Infinity` = never. */
  readonly deadlineUs: number;
  state: TransferState = "waiting";
  /** Body bytes in frames so far. */
  offset = 0;
  /** Index of the next chunk. §11.3 */
  chunkIndex = 0;
  /** Times it was handed to the transport as a whole. */
  attempts = 0;
  /** When it was submitted. */
  startedUs = 0;
  /** When it is sent again, while it rests. */
  retryAtUs = 0;
  /** When its ACK is missing. */
  ackDueUs: number | undefined;
  acked = false;
  /** Its reply, while the ACK is still missing. */
  reply: IncomingMessage | undefined;
  /** Clarifications and confirmations the peer asked about it. §8 */
  questions = 0;
  /** Whether its driver was told the outcome. */
  settled = false;
  /** It was sent before without an answer, so that the peer may have completed it. */
  maybeCompleted = false;
  /** The chunk train ends with `xcp.abort` instead of its next chunk. */
  aborting = false;
  /** The epoch in which its last frame was sealed. §12 */
  epoch: number | undefined;
  /** Its only frame as it was sealed in that epoch, to be sent again as it was. §12 */
  sealed: Uint8Array | undefined;
  /** What the driver keeps with it: the promise. */
  owner: unknown;

  constructor(init: TransferInit) {
    this.channelId = init.channelId;
    this.msgType = init.msgType;
    this.bodyCodec = init.bodyCodec;
    this.schemaKey = init.schemaKey;
    this.inReplyTo = init.inReplyTo;
    this.tags = init.tags;
    this.flags = init.flags;
    this.body = init.body;
    this.expects = init.expects;
    this.deadlineUs = init.deadlineUs;
    this.maxAttempts = init.maxAttempts;
  }

  /** Bytes that wait to be put into frames. */
  get remainingBytes(): number {
    if (this.body instanceof Uint8Array) return this.body.length - this.offset;
    return this.body.queuedBytes;
  }

  /** Whether some of its chunks were sent and the last one was not. */
  get inTrain(): boolean {
    return this.chunkIndex > 0 && this.state === "queued";
  }

  /** Whether it can be sent from its beginning once more. */
  get repeatable(): boolean {
    return this.body instanceof Uint8Array;
  }

  /** Whether the next frame can be made now. */
  get ready(): boolean {
    return this.aborting || this.body instanceof Uint8Array || this.body.ready;
  }

  /** Prepares it to be sent from its beginning. */
  rewind(): void {
    this.offset = 0;
    this.chunkIndex = 0;
    this.aborting = false;
    this.ackDueUs = undefined;
  }
}
