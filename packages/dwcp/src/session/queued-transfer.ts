import type { SendingTransfer } from "../transfer/sending-transfer.js";

/** A transfer with its place in the queue. */
export class QueuedTransfer {
  readonly transfer: SendingTransfer;
  readonly weight: number;
  readonly minShare: number;

  constructor(transfer: SendingTransfer) {
    this.transfer = transfer;
    this.minShare = transfer.minShare;
    this.weight = 1 + transfer.offer.priority;
  }

  /** Whether it has a unit for a stream. */
  get ready(): boolean {
    return this.transfer.hasUnits;
  }
}
