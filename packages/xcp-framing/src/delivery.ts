import type { Span, WireError } from "@proj/wire-types";
import { Cancellation } from "./cancellation.js";
import type { Connection } from "./connection.js";
import type { Inbound } from "./inbound.js";
import type { IncomingMessage, OutgoingMessage } from "./message.js";
import type { QuestionBody } from "./session-commands.js";
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

/** What a {@link Delivery} asks of its connection. */
export interface DeliveryPort {
  readonly connection: Connection;
  ask(inbound: Inbound, question: QuestionBody): void;
  acknowledge(inbound: Inbound): void;
}

interface OpenQuestion {
  resolve(response: ClarifyRes | ConfirmRes): void;
  reject(error: WireError): void;
}

/** One message in the hands of its handler. */
export class Delivery implements MessageContext {
  readonly #port: DeliveryPort;
  readonly #inbound: Inbound;
  #cancellation: Cancellation | undefined;
  #question: OpenQuestion | undefined;
  /** Times the handler, where anybody wants to know. */
  span: Span | undefined;

  constructor(port: DeliveryPort, inbound: Inbound) {
    this.#port = port;
    this.#inbound = inbound;
  }

  get connection(): Connection {
    return this.#port.connection;
  }

  get signal(): AbortSignal {
    this.#cancellation ??= new Cancellation();
    return this.#cancellation;
  }

  async clarify(request: Omit<ClarifyReq, "msgId">): Promise<ClarifyRes> {
    return (await this.#ask({ kind: "clarify", request })) as ClarifyRes;
  }

  async confirm(request: Omit<ConfirmReq, "msgId">): Promise<ConfirmRes> {
    return (await this.#ask({ kind: "confirm", request })) as ConfirmRes;
  }

  acknowledge(): void {
    this.#port.acknowledge(this.#inbound);
  }

  /** The answer to the open question. */
  answered(response: ClarifyRes | ConfirmRes): void {
    const question = this.#question;
    this.#question = undefined;
    question?.resolve(response);
  }

  /** The open question stays without an answer. */
  unanswered(error: WireError): void {
    const question = this.#question;
    this.#question = undefined;
    question?.reject(error);
  }

  /** Nobody waits for the result any more. */
  cancel(error: WireError): void {
    this.unanswered(error);
    this.#cancellation ??= new Cancellation();
    this.#cancellation.cancel(error);
  }

  #ask(question: QuestionBody): Promise<ClarifyRes | ConfirmRes> {
    return new Promise((resolve, reject) => {
      this.#port.ask(this.#inbound, question);
      this.#question = { resolve, reject };
    });
  }
}
