import type { WireError } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import { RecentReplies } from "./recent-replies.js";
import type { RequestTable } from "./request-table.js";
import { repeatMode, retryDelayUs } from "./retransmission.js";
import type { SessionCore } from "./session-core.js";
import type { Settlement } from "./settlement.js";
import type { TransferFrames } from "./transfer-frames.js";
import type { Transfer } from "./transfer.js";
import type { MsgId } from "./wire/header.js";

// Codes that say something about a copy on its way. Every other one says that the peer knows the message and refused it.
const DAMAGE: ReadonlySet<string> = new Set([
  "xcp.crc_mismatch",
  "xcp.decrypt_failed",
  "xcp.key_expired",
  "xcp.chunk_state",
  "xcp.chunk_timeout",
]);

/** What a {@link Repeater} works with. */
export interface RepeaterParts {
  readonly table: RequestTable;
  readonly frames: TransferFrames;
  readonly settlement: Settlement;
  /** Gives a transfer up, wherever it is. */
  cancel(transfer: Transfer, error: WireError): void;
}

/**
 * Sends again what was refused or not answered, and gives it up when its time or its attempts are over.
 *
 * @see spec/xcp.md §10, §12
 */
export class Repeater {
  readonly #core: SessionCore;
  readonly #table: RequestTable;
  readonly #frames: TransferFrames;
  readonly #settlement: Settlement;
  readonly #cancel: (transfer: Transfer, error: WireError) => void;
  readonly #recentReplies = new RecentReplies();

  constructor(core: SessionCore, parts: RepeaterParts) {
    this.#core = core;
    this.#table = parts.table;
    this.#frames = parts.frames;
    this.#settlement = parts.settlement;
    this.#cancel = parts.cancel;
  }

  /** Keeps a reply that was written: one that was damaged on the way is written again. */
  keepReply(transfer: Transfer): void {
    this.#recentReplies.add(transfer);
  }

  /** Sends a recent reply again that its peer refused; `false` when it is not known any more. */
  resendReply(msgId: MsgId, error: XcpError): boolean {
    const transfer = this.#recentReplies.take(msgId);
    if (transfer === undefined) return false;
    if (!error.retryable || transfer.attempts >= transfer.maxAttempts) return true;
    this.#repeat(transfer);
    return true;
  }

  /** Does what is due for a transfer: its deadline, its next attempt, its missing ACK. */
  checkDue(transfer: Transfer): void {
    const { nowUs } = this.#core;
    if (transfer.settled) return;
    if (nowUs >= transfer.deadlineUs) {
      const waitedMs = Math.round((nowUs - transfer.startedUs) / 1000);
      this.#cancel(transfer, new XcpError("xcp.timeout", `no outcome within ${waitedMs} ms`));
      return;
    }
    this.#table.watch(transfer.deadlineUs);
    if (transfer.state === "resting") {
      if (nowUs >= transfer.retryAtUs) this.#repeat(transfer);
      else this.#table.watch(transfer.retryAtUs);
    } else if (transfer.ackDueUs !== undefined) {
      if (nowUs >= transfer.ackDueUs) this.#ackMissing(transfer);
      else this.#table.watch(transfer.ackDueUs);
    }
  }

  /** Sends a transfer again later, or fails it, as its error and its attempts say. */
  retryOrFail(
    transfer: Transfer,
    error: XcpError,
    how: { readonly cause: "refused" | "unanswered"; readonly retryAfterMs: number },
  ): void {
    if (transfer.settled || transfer.state === "resting" || transfer.aborting) return;
    const inTrain = transfer.state === "queued" && this.#core.outbox.remove(transfer) === "inTrain";
    const delayUs = retryDelayUs(
      transfer,
      { retryable: error.retryable, retryAfterMs: how.retryAfterMs },
      this.#core.config.platform.random,
    );
    if (how.cause === "unanswered") transfer.maybeCompleted = true;
    else if (!DAMAGE.has(error.code)) transfer.maybeCompleted = false;
    if (delayUs === undefined) {
      // A reply shows that the message arrived, even if its ACK never will.
      if (transfer.reply === undefined) this.#settlement.fail(transfer, error);
      else this.#settlement.complete(transfer, transfer.reply);
      return;
    }
    transfer.retryAtUs = this.#core.nowUs + delayUs;
    if (inTrain) return;
    transfer.state = "resting";
    this.#table.watch(transfer.retryAtUs);
  }

  #ackMissing(transfer: Transfer): void {
    transfer.ackDueUs = undefined;
    const error = new XcpError(
      "xcp.timeout",
      `no ACK within ${this.#core.config.limits.ackTimeoutMs} ms`,
    );
    this.retryOrFail(transfer, error, { cause: "unanswered", retryAfterMs: 0 });
  }

  #repeat(transfer: Transfer): void {
    transfer.rewind();
    switch (repeatMode(transfer, this.#frames.epoch)) {
      case "newId":
        this.#table.rename(transfer, this.#core.memory.takeMsgId());
        // A reply is settled when it was written: nobody minds its id.
        if (!transfer.settled) this.#core.events.push({ kind: "renumbered", transfer });
        break;
      case "newEpoch":
        this.#frames.rotate();
        break;
      case "plain":
      case "identical":
    }
    this.#core.traffic.retransmissions++;
    this.#core.log.write("info", "xcp.retransmit", { attempt: transfer.attempts }, transfer);
    this.#core.outbox.push(transfer);
  }
}
