import { DwcpCodes, DwcpError } from "../errors.js";
import type { ReceivingTransfer } from "../transfer/receiving-transfer.js";
import type {
  IntervalPair,
  NackReason,
  OfferMessage,
  SteeringMessage,
} from "../wire/transfer-messages.js";
import { errorMessageOf } from "./error-message.js";
import type { ReceivingSide, StoredUnit } from "./receiving-side.js";
import type { SessionEvent } from "./session-events.js";
import type { SessionOptions } from "./session-options.js";
import type { StreamTable } from "./stream-table.js";
import { trimmedIntervals } from "./trimmed-intervals.js";
import { asTransferError } from "./transfer-error.js";

/** Baselines and dictionaries of an offer that the receiver has and has checked. */
export interface UsableSlots {
  readonly baselines: readonly number[];
  readonly dictionaries: readonly number[];
}

/** How many outcomes are kept, for senders that ask again. */
const OUTCOMES_KEPT = 1_024;

/** How many offers may wait for the application. */
const MAX_UNANSWERED = 256;

interface Outcome {
  readonly transferId: string;
  readonly rootHash: string;
}

/**
 * What is said about objects that come to this node: answers to offers, verification, repair, outcomes.
 *
 * @see spec/dwcp.md B4, B8
 */
export class IncomingTransfers {
  readonly #options: SessionOptions;
  readonly #streams: StreamTable;
  readonly #receiving: ReceivingSide;
  readonly #tell: (event: SessionEvent) => void;
  readonly #slots = new Map<string, UsableSlots>();
  // Offers that the application has not answered yet.
  readonly #open = new Set<string>();
  readonly #outcomes = new Map<number, Outcome>();

  constructor(session: {
    readonly options: SessionOptions;
    readonly streams: StreamTable;
    readonly receiving: ReceivingSide;
    readonly tell: (event: SessionEvent) => void;
  }) {
    this.#options = session.options;
    this.#streams = session.streams;
    this.#receiving = session.receiving;
    this.#tell = session.tell;
  }

  /**
   * Accepts an offer; `held` is what is stored durably.
   *
   * @throws {@link DwcpError} `dwcp.limit` when too many transfers are open.
   */
  accept(
    offer: OfferMessage,
    held: readonly IntervalPair[],
    slots: UsableSlots,
  ): ReceivingTransfer {
    this.#open.delete(offer.transferId);
    const transfer = this.#receiving.open(offer, held);
    transfer.state = transfer.isComplete ? "assembled" : "receiving";
    this.#slots.set(offer.transferId, slots);
    this.#sayAccepted(transfer, slots);
    return transfer;
  }

  /** Refuses an offer. */
  reject(offer: OfferMessage, error: DwcpError): void {
    const { wire } = DwcpCodes[error.code];
    const { transferId } = offer;
    this.#open.delete(transferId);
    this.#streams.say({ kind: "REJECT", transferId, code: wire, text: error.message }, 0);
  }

  /** A unit is decoded, checked and written. */
  stored(nowUs: number, handle: number, unit: StoredUnit): void {
    this.#receiving.stored(nowUs, handle, unit);
    this.#receiving.tick(nowUs);
  }

  /** A unit cannot be used. */
  refused(handle: number, unitId: number, reason: NackReason): void {
    this.#receiving.refuse(handle, unitId, reason);
  }

  /** Units are on stable storage. */
  durable(handle: number, unitIds: readonly number[]): void {
    this.#receiving.durable(handle, unitIds);
  }

  /** What is stored has the root that the sender stated. Asked again, the session answers again. */
  verified(transfer: ReceivingTransfer, rootHash: string): void {
    const { transferId } = transfer.offer;
    transfer.state = "verified";
    this.#streams.say({ kind: "VERIFIED", transferId, rootHash }, transfer.handle);
  }

  /** The object is safe: synced, named, its baseline registered. Asked again, the session answers again. */
  commit(transfer: ReceivingTransfer, rootHash: string): void {
    const { transferId } = transfer.offer;
    transfer.state = "committed";
    this.#close(transfer);
    this.#outcomes.set(transfer.handle, { transferId, rootHash });
    for (const [oldest] of this.#outcomes) {
      if (this.#outcomes.size <= OUTCOMES_KEPT) break;
      this.#outcomes.delete(oldest);
    }
    this.alreadyCommitted(transfer.offer, rootHash);
  }

  /** Says that an object is safe which was brought before. */
  alreadyCommitted({ transferId }: Pick<OfferMessage, "transferId">, rootHash: string): void {
    this.#open.delete(transferId);
    this.#streams.say({ kind: "COMMITTED", transferId, rootHash }, 0);
  }

  /** Asks the sender for digests of leaves. */
  askLeaves(transfer: ReceivingTransfer, first: number, count: number): void {
    this.#streams.say({ kind: "LEAVES", first, count }, transfer.handle);
  }

  /** Asks for leaves that are wrong; fails the transfer when that was asked for twice already. */
  repair(transfer: ReceivingTransfer, leaves: readonly number[]): void {
    try {
      transfer.repair(leaves);
    } catch (error) {
      this.fail(transfer, asTransferError(error));
      return;
    }
    this.#streams.say({ kind: "REPAIR", leaves }, transfer.handle);
  }

  /** Pauses, continues or cancels a transfer. */
  steer(transfer: ReceivingTransfer, steering: SteeringMessage): void {
    this.#streams.say(steering, transfer.handle);
    if (steering.kind === "CANCEL") this.#close(transfer);
  }

  /** Ends a transfer, here and at the peer. */
  fail(transfer: ReceivingTransfer, error: DwcpError): void {
    this.#streams.say(errorMessageOf(error, "transfer"), transfer.handle);
    this.failed(transfer, error);
  }

  /** A transfer is over without success. */
  failed(transfer: ReceivingTransfer, error: DwcpError): void {
    transfer.state = "failed";
    this.#close(transfer);
    this.#tell({ kind: "failed", transferId: transfer.offer.transferId, error });
  }

  /** Takes OFFER. */
  offered(offer: OfferMessage): void {
    const open = this.#receiving.find(offer.transferId);
    const slots = this.#slots.get(offer.transferId);
    if (open !== undefined && slots !== undefined) {
      // The answer was lost with its stream.
      this.#sayAccepted(open, slots);
    } else if (!this.#open.has(offer.transferId)) {
      if (this.#open.size >= MAX_UNANSWERED) {
        throw new DwcpError("dwcp.limit", `${MAX_UNANSWERED} offers wait for an answer`);
      }
      this.#open.add(offer.transferId);
      this.#tell({ kind: "offered", offer });
    }
  }

  /**
   * Takes FIN.
   *
   * @throws {@link DwcpError} `dwcp.protocol` for another length than was offered.
   */
  finished(handle: number, rootHash: string, rawLength: number): void {
    const outcome = this.#outcomes.get(handle);
    if (outcome !== undefined) this.alreadyCommitted(outcome, outcome.rootHash);
    const transfer = this.#receiving.get(handle);
    if (transfer === undefined) return;
    transfer.end(rawLength);
    // A repeated FIN: the answer was lost, and with it what the sender would have said to it.
    if (transfer.state === "verified" && transfer.finRoot !== undefined) {
      this.verified(transfer, transfer.finRoot);
    }
    // Or the first one is being answered.
    if (!transfer.isComplete || ["verifying", "verified"].includes(transfer.state)) return;
    transfer.state = "verifying";
    transfer.finRoot = rootHash;
    this.#tell({ kind: "finished", handle, rootHash });
  }

  /** Takes LEAVES that answers. */
  leavesGiven(transfer: ReceivingTransfer, first: number, digests: readonly string[]): void {
    this.#tell({ kind: "leavesGiven", handle: transfer.handle, first, digests });
  }

  /** Takes CANCEL; other steering only informs. */
  steeredBy(transfer: ReceivingTransfer, message: SteeringMessage): void {
    if (message.kind === "CANCEL") this.#close(transfer);
  }

  #close(transfer: ReceivingTransfer): void {
    this.#slots.delete(transfer.offer.transferId);
    this.#receiving.close(transfer);
  }

  #sayAccepted(transfer: ReceivingTransfer, slots: UsableSlots): void {
    const { transferId } = transfer.offer;
    const message = {
      kind: "ACCEPT",
      transferId,
      handle: transfer.handle,
      baselineSlots: slots.baselines,
      dictionarySlots: slots.dictionaries,
      intervals: trimmedIntervals(transfer.stored, this.#options.limits),
      creditLimit: this.#receiving.grant.announce(),
    } as const;
    this.#streams.say(message, 0);
  }
}
