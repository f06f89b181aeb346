import type { WireError } from "@proj/wire-types";
import type { Clarifications } from "./clarifications.js";
import type { Inbound } from "./inbound.js";
import type { OutgoingMessage } from "./message.js";
import type { OpenSession } from "./open-session.js";
import type { SessionCore } from "./session-core.js";
import type { SessionEnding } from "./session-ending.js";
import type { Transfer } from "./transfer.js";

/** Whom {@link SessionReplies} tell. */
export interface SessionRepliesParts {
  readonly clarifications: Clarifications;
  readonly ending: SessionEnding;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/** What the application does with messages of the peer. spec/xcp.md §10 */
export class SessionReplies {
  readonly #core: SessionCore;
  readonly #parts: SessionRepliesParts;

  constructor(core: SessionCore, parts: SessionRepliesParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /** Answers a message; returns the reply when its body is still to be handed over. */
  reply(
    nowUs: number,
    inbound: Inbound,
    message: OutgoingMessage | undefined,
  ): Transfer | undefined {
    this.#core.nowUs = nowUs;
    const transfer = this.#parts.machines()?.inbox.reply(inbound, message);
    this.#finish(inbound);
    return transfer;
  }

  /** Refuses a message; one that is still being streamed is given up. */
  refuse(nowUs: number, inbound: Inbound, error: WireError): void {
    this.#core.nowUs = nowUs;
    const machines = this.#parts.machines();
    machines?.intake.abandon(inbound);
    machines?.inbox.refuse(inbound, error);
    this.#finish(inbound);
  }

  /** ACKs a message before its reply, if its sender asked for an ACK. */
  acknowledge(nowUs: number, inbound: Inbound): void {
    this.#core.nowUs = nowUs;
    this.#parts.machines()?.inbox.answers.acknowledge(inbound);
  }

  /** The driver is done with bytes of a streamed message. */
  release(nowUs: number, inbound: Inbound, bytes: number): void {
    this.#core.nowUs = nowUs;
    this.#parts.machines()?.inbox.release(inbound, bytes);
  }

  #finish(inbound: Inbound): void {
    this.#parts.clarifications.drop(inbound);
    this.#parts.ending.checkDrained();
  }
}
