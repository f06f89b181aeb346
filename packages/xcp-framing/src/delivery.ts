import type { Connection } from "./connection.js";
import type { IncomingMessage, OutgoingMessage } from "./message.js";
import type { ClarifyReq, ClarifyRes, ConfirmReq, ConfirmRes } from "./wire/control.js";

/** What a handler may do about the message it was given. */
export interface MessageContext {
  /** The connection the message came on. */
  readonly connection: Connection;
  /** Fires when the connection is gone, the peer cancelled, or a stored result made the work needless. */
  readonly signal: AbortSignal;
  /**
   * Asks the sender about this message and waits for the answer, while others go on. spec/xcp.md §8
   *
   * @throws XcpError `xcp.clarification_failed` (rounds or time used up, or the peer cannot), `xcp.clarification_declined`
   */
  clarify(request: Omit<ClarifyReq, "msgId">): Promise<ClarifyRes>;
  /**
   * Asks the sender whether to go ahead; resolves with a yes or a correction. At most once, after all clarifications.
   *
   * @throws XcpError as {@link MessageContext.clarify}
   */
  confirm(request: Omit<ConfirmReq, "msgId">): Promise<ConfirmRes>;
  /**
   * Sends the ACK that the sender asked for now, rather than when the handler is done: the message is valid and its
   * attachments are copied or mapped. Handlers that work longer than the peer's ACK timeout (5 s) call it.
   */
  acknowledge(): void;
}

/**
 * Handles one message; the result is the reply.
 *
 * A thrown `WireError` with a number on the wire refuses the message with that code, anything else with `xcp.app`.
 */
export type MessageHandler = (
  message: IncomingMessage,
  context: MessageContext,
) => OutgoingMessage | undefined | Promise<OutgoingMessage | undefined>;
