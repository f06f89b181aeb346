import type { IncomingMessage } from "./message.js";
import type { ReplySlot } from "./in-order-replies.js";
import type { Transfer } from "./transfer.js";

/**
 * Where a message of the peer is. spec/xcp.md §8
 *
 * ```
 * received → (clarifying ⇄ received)* → (confirming)? → executing → done
 * ```
 *
 * A handler that asks nothing executes while the state says `received`.
 */
export type InboundState = "received" | "clarifying" | "confirming" | "executing" | "done";

/** One message of the peer while the application has it; also the event that announces it. */
export class Inbound {
  readonly kind = "messageReceived";
  readonly message: IncomingMessage;
  /** The codec id in its header. */
  readonly wireCodec: number;
  /** Whether the sender asked for an ACK. */
  readonly wantsAck: boolean;
  /** Whether it was ACKed already. */
  acked = false;
  state: InboundState = "received";
  /** Clarifications asked so far. */
  rounds = 0;
  /** Bytes it holds of the ingress budget. */
  heldBytes = 0;
  /** Where its answer goes, for peers that need answers in order. */
  slot: ReplySlot | undefined;
  /** The task it belongs to, once a CLARIFY_RES named one. */
  idempotencyKey: string | undefined;
  /** The request of this end that it answers: only for streamed replies. */
  replyTo: Transfer | undefined;
  /** What the driver streams it into, while it comes; only for messages that are streamed. */
  sink: unknown;
  /** What the driver keeps with it. */
  owner: unknown;

  constructor(message: IncomingMessage, wireCodec: number, wantsAck: boolean) {
    this.message = message;
    this.wireCodec = wireCodec;
    this.wantsAck = wantsAck;
  }
}
