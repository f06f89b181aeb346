import type { Clock, Timers } from "@proj/wire-types";
import { XcpError } from "@proj/xcp-framing";
import { ContentSummary } from "./content-summary.js";
import { EarlyParts } from "./early-parts.js";
import { PARTS_IN_FLIGHT } from "./receipt.js";

/** A transfer whose last message has not come yet. */
export interface Transfer {
  /** What was computed so far. */
  readonly summary: ContentSummary;
  /** Messages that were taken. */
  readonly parts: number;
}

interface OpenTransfer extends Transfer {
  readonly early: EarlyParts;
  parts: number;
  lastUseUs: number;
}

/** A transfer without news for this long is forgotten. */
const IDLE_US = 60_000_000;

/** Holds what was computed of transfers that are under way: a bounded number, each for a bounded time. */
export class TransferTable {
  readonly #max: number;
  readonly #time: Clock & Timers;
  readonly #open = new Map<object, Map<string, OpenTransfer>>();
  #count = 0;

  /** `max` transfers may be open at once, over all owners. */
  constructor(max: number, time: Clock & Timers) {
    this.#max = max;
    this.#time = time;
  }

  /** Transfers that are open now. */
  get size(): number {
    return this.#count;
  }

  /**
   * Waits where `part` came early: the one before it could not be read where it lay, and is sent once more. `undefined` where
   * there is nothing to wait for.
   *
   * @throws XcpError `xcp.busy` when too many are open, `xcp.app` when what comes before it does not come.
   */
  turn(owner: object, id: string, part: number): Promise<void> | undefined {
    const known = this.#open.get(owner)?.get(id);
    const next = known?.parts ?? 0;
    if (part <= next || part >= next + PARTS_IN_FLIGHT) return undefined;
    if (known?.early.has(part) === true) return undefined;
    return this.#wait(owner, id, part);
  }

  /**
   * Finds or begins a transfer of `owner`, the connection it comes on.
   *
   * @param part Its index; only part 0 begins a transfer, after which the others come in order.
   * @throws XcpError `xcp.busy` when too many are open, `xcp.app` when a part is missing before this one.
   */
  open(owner: object, id: string, part: number): Transfer {
    const known = this.#open.get(owner)?.get(id);
    if (known === undefined && part !== 0) {
      throw new XcpError("xcp.app", `part ${part} of a transfer that is not open`);
    }
    if (known !== undefined && part !== known.parts) {
      throw new XcpError("xcp.app", `part ${part} of a transfer where ${known.parts} is next`);
    }
    const transfer = known ?? this.#begin(owner, id);
    transfer.lastUseUs = this.#time.nowUs();
    return transfer;
  }

  /** Notes that the next part of a transfer was taken: it is the turn of the one after it. */
  took(owner: object, id: string): void {
    const transfer = this.#open.get(owner)?.get(id);
    if (transfer === undefined) return;
    transfer.parts += 1;
    transfer.early.call(transfer.parts);
  }

  /** Forgets a transfer that is complete or failed. */
  close(owner: object, id: string): void {
    const transfer = this.#open.get(owner)?.get(id);
    if (transfer === undefined) return;
    this.#open.get(owner)?.delete(id);
    this.#count--;
    transfer.early.dismiss();
  }

  /** Forgets everything of a connection that is gone. */
  forget(owner: object): void {
    for (const id of this.#open.get(owner)?.keys() ?? []) this.close(owner, id);
    this.#open.delete(owner);
  }

  async #wait(owner: object, id: string, part: number): Promise<void> {
    const transfer = this.#open.get(owner)?.get(id) ?? this.#begin(owner, id);
    try {
      await transfer.early.wait(part);
    } catch (error) {
      // One that never began is nobody's.
      if (transfer.parts === 0 && transfer.early.size === 0) this.close(owner, id);
      throw error;
    }
  }

  #begin(owner: object, id: string): OpenTransfer {
    if (this.#count >= this.#max) this.#forgetIdle();
    if (this.#count >= this.#max) {
      throw new XcpError("xcp.busy", `${this.#count} transfers are open, limit ${this.#max}`);
    }
    const early = new EarlyParts(this.#time);
    const lastUseUs = this.#time.nowUs();
    const transfer = { summary: new ContentSummary(), parts: 0, early, lastUseUs };
    const transfers = this.#open.get(owner) ?? new Map<string, OpenTransfer>();
    transfers.set(id, transfer);
    this.#open.set(owner, transfers);
    this.#count++;
    return transfer;
  }

  #forgetIdle(): void {
    const latestUs = this.#time.nowUs() - IDLE_US;
    for (const [owner, transfers] of this.#open) {
      for (const [id, { lastUseUs }] of transfers) if (lastUseUs < latestUs) this.close(owner, id);
      if (transfers.size === 0) this.#open.delete(owner);
    }
  }
}
