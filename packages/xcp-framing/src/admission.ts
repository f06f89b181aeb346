import { XcpError } from "./errors.js";
import type { RequestTable } from "./request-table.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";

/**
 * Admits transfers while the peer's `max_inflight` and this end's queue allow; the others wait for their turn.
 *
 * @see spec/xcp.md §10
 */
export class Admission {
  readonly #core: SessionCore;
  readonly #table: RequestTable;

  /** Transfers that expect an answer are entered into `table`. */
  constructor(core: SessionCore, table: RequestTable) {
    this.#core = core;
    this.#table = table;
  }

  /** Whether a transfer that waits may be admitted now. */
  get hasAdmissible(): boolean {
    return this.#table.hasAdmissible && this.#hasQueue;
  }

  /**
   * Takes a transfer, with the id that it had in an earlier session, if any.
   *
   * @throws XcpError `xcp.busy` when as many as may be unanswered wait already
   */
  submit(transfer: Transfer, msgId?: number): void {
    const { maxInflight } = this.#core.config.limits;
    if (this.#table.waiting >= maxInflight) {
      throw new XcpError("xcp.busy", `${this.#table.waiting} messages wait to be sent`);
    }
    this.#begin(transfer, msgId ?? this.#core.memory.takeMsgId());
    transfer.maybeCompleted = msgId !== undefined;
    if (this.#table.hasRoom && this.#hasQueue) this.#admit(transfer);
    else this.#table.enqueue(transfer);
  }

  /** Takes a reply: it waits for no one, because the request it answers was counted. */
  submitReply(transfer: Transfer): void {
    this.#begin(transfer, this.#core.memory.takeMsgId());
    this.#admit(transfer);
  }

  /** Admits as many of those that wait as may be. */
  admitWaiting(): void {
    while (this.hasAdmissible) {
      const next = this.#table.nextWaiting();
      if (next !== undefined) this.#admit(next);
    }
  }

  get #hasQueue(): boolean {
    const { outbox, config } = this.#core;
    return outbox.queuedBytes < config.limits.maxQueuedBytes;
  }

  #begin(transfer: Transfer, msgId: number): void {
    transfer.msgId = msgId;
    transfer.startedUs = this.#core.nowUs;
    this.#table.watch(transfer.deadlineUs);
  }

  #admit(transfer: Transfer): void {
    if (transfer.expects !== "written") this.#table.admit(transfer);
    this.#core.outbox.push(transfer);
  }
}
