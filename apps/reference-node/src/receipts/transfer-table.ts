import type { Clock } from "@proj/wire-types";
import { XcpError } from "@proj/xcp-framing";
import { ContentSummary } from "./content-summary.js";

/** A transfer whose last message has not come yet. */
export interface Transfer {
  /** What was computed so far. */
  readonly summary: ContentSummary;
  /** Messages that came. */
  parts: number;
}

interface OpenTransfer extends Transfer {
  lastUseUs: number;
}

/** A transfer without news for this long is forgotten. */
const IDLE_US = 60_000_000;

/** Holds what was computed of transfers that are under way: a bounded number, each for a bounded time. */
export class TransferTable {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #open = new Map<object, Map<string, OpenTransfer>>();
  #count = 0;

  /** `max` transfers may be open at once, over all owners. */
  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  /** Transfers that are open now. */
  get size(): number {
    return this.#count;
  }

  /**
   * Finds or begins a transfer of `owner`, the connection it comes on.
   *
   * @param part Its index; only part 0 begins a transfer.
   * @throws XcpError `xcp.busy` when too many are open, `xcp.app` when a part is missing before this one.
   */
  open(owner: object, id: string, part: number): Transfer {
    let transfers = this.#open.get(owner);
    let transfer = transfers?.get(id);
    if (transfer === undefined) {
      if (part !== 0) throw new XcpError("xcp.app", `part ${part} of a transfer that is not open`);
      if (this.#count >= this.#max) this.#forgetIdle();
      if (this.#count >= this.#max) {
        throw new XcpError("xcp.busy", `${this.#count} transfers are open, limit ${this.#max}`);
      }
      transfer = { summary: new ContentSummary(), parts: 0, lastUseUs: 0 };
      transfers ??= new Map();
      transfers.set(id, transfer);
      this.#open.set(owner, transfers);
      this.#count++;
    } else if (part !== transfer.parts) {
      throw new XcpError("xcp.app", `part ${part} of a transfer where ${transfer.parts} is next`);
    }
    transfer.lastUseUs = this.#clock.nowUs();
    return transfer;
  }

  /** Forgets a transfer that is complete or failed. */
  close(owner: object, id: string): void {
    if (this.#open.get(owner)?.delete(id) === true) this.#count--;
  }

  /** Forgets everything of a connection that is gone. */
  forget(owner: object): void {
    this.#count -= this.#open.get(owner)?.size ?? 0;
    this.#open.delete(owner);
  }

  #forgetIdle(): void {
    const latestUs = this.#clock.nowUs() - IDLE_US;
    for (const [owner, transfers] of this.#open) {
      for (const [id, { lastUseUs }] of transfers) if (lastUseUs < latestUs) this.close(owner, id);
      if (transfers.size === 0) this.#open.delete(owner);
    }
  }
}
