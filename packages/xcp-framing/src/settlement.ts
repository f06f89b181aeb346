import type { WireError } from "@proj/wire-types";
import type { IncomingMessage } from "./message.js";
import type { RequestTable } from "./request-table.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";

/** How a transfer ends, once: answered, delivered or failed. */
export class Settlement {
  readonly #core: SessionCore;
  readonly #table: RequestTable;

  constructor(core: SessionCore, table: RequestTable) {
    this.#core = core;
    this.#table = table;
  }

  /** Its reply is here; what is left of it need not be sent. */
  complete(transfer: Transfer, reply: IncomingMessage): void {
    if (transfer.state === "queued") this.#core.outbox.remove(transfer);
    this.settle(transfer);
    this.#core.events.push({ kind: "replied", transfer, reply });
  }

  /** It was written, or ACKed. */
  succeed(transfer: Transfer): void {
    if (transfer.settled) return;
    this.settle(transfer);
    this.#core.events.push({ kind: "delivered", transfer });
  }

  /** It will not succeed. */
  fail(transfer: Transfer, error: WireError): void {
    if (transfer.settled) return;
    this.settle(transfer);
    this.#core.events.push({ kind: "failed", transfer, error });
  }

  /** Nobody is told. */
  settle(transfer: Transfer): void {
    transfer.settled = true;
    this.#table.remove(transfer);
    if (!transfer.aborting) transfer.state = "done";
  }
}
