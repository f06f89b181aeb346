import { type WireError, wireError } from "@proj/wire-types";
import type { Clarifications, Question } from "./clarifications.js";
import { XcpError } from "./errors.js";
import type { Lifecycle } from "./lifecycle.js";
import { sendError, sendGoaway } from "./notices.js";
import type { OpenSession } from "./open-session.js";
import type { Pings } from "./pings.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { SessionHandshake } from "./session-handshake.js";

/** What a {@link SessionEnding} winds up. */
export interface SessionEndingParts {
  readonly life: Lifecycle;
  readonly sender: Sender;
  readonly pings: Pings;
  readonly clarifications: Clarifications;
  readonly handshake: SessionHandshake;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/**
 * How a session ends: in order, once nothing is under way any more, or at once.
 *
 * See {@link Lifecycle} for the states.
 */
export class SessionEnding {
  readonly #core: SessionCore;
  readonly #parts: SessionEndingParts;

  constructor(core: SessionCore, parts: SessionEndingParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /** Whether something of either end is not finished. */
  get unfinished(): boolean {
    const inbox = this.#parts.machines()?.inbox;
    if (this.#parts.sender.busy) return true;
    return inbox !== undefined && (inbox.inflight > 0 || inbox.answers.hasAcks);
  }

  /** The peer sends no more. In the middle of a frame that is an error, otherwise what is under way is finished. */
  peerEnded(where: "inside a frame" | "between frames"): void {
    if (this.#parts.life.kind === "handshake") {
      this.#core.failSilently(wireError("wire.closed", "the peer ended before the handshake"));
    } else if (where === "inside a frame") {
      this.#core.fail(new XcpError("xcp.frame_truncated", "the stream ended inside a frame"));
    } else {
      const error = wireError("wire.closed", "the peer ended without an answer");
      this.#parts.sender.failAwaiting(error);
      this.beginDrain();
      this.checkDrained();
    }
  }

  /** The transport is gone, which is in order when nothing was under way any more. */
  transportGone(error: WireError | undefined): void {
    const drained = this.#parts.life.kind === "draining" && !this.unfinished;
    if (error === undefined && drained) this.end(undefined, "silently");
    else this.end(error ?? wireError("wire.closed", "the connection was closed"), "silently");
  }

  /** Announces the end and begins to drain. */
  goAway(reason: number): void {
    const inbox = this.#parts.machines()?.inbox;
    if (sendGoaway(this.#core, reason) === "sent" && inbox !== undefined) {
      inbox.lastAccepted = this.#core.lastReceivedId;
    }
    this.beginDrain();
    this.checkDrained();
  }

  /** Nothing new begins any more. */
  beginDrain(): void {
    this.#parts.life.drain(this.#core.nowUs + this.#core.config.limits.drainTimeoutMs * 1000);
  }

  /** Ends draining when nothing is under way. */
  checkDrained(): void {
    if (this.#parts.life.ending && !this.unfinished) this.announceDrained();
  }

  /** Ends draining, whatever is under way. */
  announceDrained(): void {
    if (this.#parts.life.noteDrained() === "known") return;
    this.beginDrain();
    this.#parts.sender.failAll(wireError("wire.closed", "the connection closed before the answer"));
    this.#core.events.push({ kind: "drained" });
  }

  /** Gives up questions whose answers did not come in time. */
  expireQuestions(): void {
    for (const question of this.#parts.clarifications.expire(this.#core.nowUs)) {
      this.#questionFailed(question, new XcpError("xcp.clarification_failed", "no answer in time"));
    }
  }

  /** Ends at once: everything under way fails, and with an error that is `announced` the peer is told. */
  end(error: WireError | undefined, how: "announced" | "silently"): void {
    const core = this.#core;
    const { life, sender, pings, clarifications, handshake } = this.#parts;
    if (life.kind === "closed") return;
    const machines = this.#parts.machines();
    life.close();
    const reason = error ?? wireError("wire.closed", "the connection was closed");
    sender.failAll(reason);
    machines?.intake.abortAll(reason);
    for (const question of clarifications.takeAll()) this.#questionFailed(question, reason);
    const owners = pings.keepalive.abandon();
    const proposal = machines?.renegotiation.abandon();
    if (proposal !== undefined) owners.push(proposal.owner);
    for (const owner of owners) core.events.push({ kind: "commandFailed", owner, error: reason });
    core.outbox.clearTransfers();
    if (error !== undefined && how === "announced") sendError(core, error);
    handshake.dispose();
    if (error !== undefined) {
      core.log.write(error.scope === "connection" ? "warn" : "info", "xcp.error", {
        code: error.code,
        detail: error.message,
      });
    }
    core.log.write("info", "xcp.close", { code: error?.code });
    core.events.push({ kind: "closed", error });
  }

  #questionFailed(question: Question, error: WireError): void {
    this.#core.events.push({ kind: "questionFailed", inbound: question.inbound, error });
  }
}
