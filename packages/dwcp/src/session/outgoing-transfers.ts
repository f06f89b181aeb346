import { DwcpError, dwcpCodeOf } from "../errors.js";
import type { SendingTransfer } from "../transfer/sending-transfer.js";
import type {
  AcceptMessage,
  NackReason,
  RejectMessage,
  SteeringMessage,
} from "../wire/transfer-messages.js";
import { errorMessageOf } from "./error-message.js";
import type { RetryBook } from "./retry-book.js";
import type { SendingSide } from "./sending-side.js";
import type { SessionEvent } from "./session-events.js";
import type { StreamTable } from "./stream-table.js";
import { asTransferError } from "./transfer-error.js";

/**
 * What is said about objects that leave this node: offers, ends, repairs, outcomes.
 *
 * Questions are repeated until they are answered, since streams die with what was said on them.
 *
 * @see spec/dwcp.md B4, B6, B8
 */
export class OutgoingTransfers {
  readonly #streams: StreamTable;
  readonly #sending: SendingSide;
  readonly #retries: RetryBook;
  readonly #tell: (event: SessionEvent) => void;
  readonly #offers = new Map<string, SendingTransfer>();

  constructor(session: {
    readonly streams: StreamTable;
    readonly sending: SendingSide;
    readonly retries: RetryBook;
    readonly tell: (event: SessionEvent) => void;
  }) {
    this.#streams = session.streams;
    this.#sending = session.sending;
    this.#retries = session.retries;
    this.#tell = session.tell;
  }

  /** Offers an object, until the peer answers. */
  offer(nowUs: number, transfer: SendingTransfer): void {
    const { offer } = transfer;
    transfer.state = "offered";
    this.#offers.set(offer.transferId, transfer);
    this.#retries.ask(nowUs, `offer ${offer.transferId}`, () => this.#streams.say(offer, 0));
  }

  /** States the root of an object whose every byte arrived, until the peer answers. */
  finish(nowUs: number, transfer: SendingTransfer, rootHash: string): void {
    transfer.state = "verifying";
    const { handle, rawLength, offer } = transfer;
    this.#retries.ask(nowUs, `fin ${offer.transferId}`, () =>
      this.#streams.say({ kind: "FIN", rootHash, rawLength }, handle),
    );
  }

  /** Answers with digests, in hexadecimal, of leaves from `first` on. */
  giveLeaves(transfer: SendingTransfer, first: number, digests: readonly string[]): void {
    const message = { kind: "LEAVES", first, count: digests.length, digests } as const;
    this.#streams.say(message, transfer.handle);
  }

  /** Pauses, continues or cancels a transfer. */
  steer(transfer: SendingTransfer, steering: SteeringMessage): void {
    this.#streams.say(steering, transfer.handle);
    this.#steered(transfer, steering);
  }

  /** Ends a transfer, here and at the peer. */
  fail(transfer: SendingTransfer, error: DwcpError): void {
    this.#streams.say(errorMessageOf(error, "transfer"), transfer.handle);
    this.failed(transfer, error);
  }

  /** Takes a transfer off without a word to the peer, which keeps what it has: it may be offered again. */
  release(transfer: SendingTransfer): void {
    this.#takeOffer(transfer.offer.transferId);
    this.#drop(transfer, "planned");
  }

  /** A transfer is over without success. */
  failed(transfer: SendingTransfer, error: DwcpError): void {
    this.#takeOffer(transfer.offer.transferId);
    this.#drop(transfer, "failed");
    this.#tell({ kind: "failed", transferId: transfer.offer.transferId, error });
  }

  /** The last byte of a transfer arrived. */
  arrived(transfer: SendingTransfer): void {
    this.#tell({ kind: "arrived", transferId: transfer.offer.transferId });
  }

  /** Takes ACCEPT. */
  accepted(message: AcceptMessage): void {
    const transfer = this.#takeOffer(message.transferId);
    if (transfer === undefined) return;
    const { offer, baselineSlots, dictionarySlots } = transfer;
    this.#sending.credit.raise(message.creditLimit);
    // A slot that was never offered means nothing.
    keep(baselineSlots, offer.baselines, message.baselineSlots);
    keep(dictionarySlots, offer.dictionaries, message.dictionarySlots);
    transfer.accepted(message.handle, message.intervals);
    this.#sending.join(transfer);
    this.#tell({ kind: "accepted", transferId: message.transferId });
    if (transfer.isComplete) this.arrived(transfer);
  }

  /** Takes REJECT. */
  rejected(message: RejectMessage): void {
    const transfer = this.#takeOffer(message.transferId);
    const code = dwcpCodeOf(message.code) ?? "dwcp.protocol";
    if (transfer !== undefined) this.failed(transfer, new DwcpError(code, message.text));
  }

  /** Takes NACK. */
  refused(handle: number, unitId: number, reason: NackReason): void {
    const transfer = this.#sending.get(handle);
    if (transfer === undefined) return;
    const { transferId } = transfer.offer;
    try {
      if (!this.#sending.refused(handle, unitId, reason)) return;
    } catch (error) {
      this.fail(transfer, asTransferError(error));
      return;
    }
    if (reason === "NO_SPACE") this.#tell({ kind: "paused", transferId, reason });
    else this.#tell({ kind: "fellBack", transferId, reason });
  }

  /** Takes VERIFIED and COMMITTED. */
  outcome(kind: "VERIFIED" | "COMMITTED", transferId: string, rootHash: string): void {
    const transfer = this.#find(transferId);
    if (transfer === undefined) return;
    if (kind === "VERIFIED") {
      this.#tell({ kind: "verified", transferId });
      return;
    }
    this.#takeOffer(transferId);
    this.#drop(transfer, "committed");
    this.#tell({ kind: "committed", transferId, rootHash });
  }

  /** Takes LEAVES that asks. */
  leavesAsked(transfer: SendingTransfer, first: number, count: number): void {
    this.#tell({ kind: "leavesAsked", transferId: transfer.offer.transferId, first, count });
  }

  /** Takes REPAIR. */
  repair(handle: number, leaves: readonly number[]): void {
    const transfer = this.#sending.get(handle);
    if (transfer === undefined || transfer.state !== "verifying") return;
    this.#retries.answered(`fin ${transfer.offer.transferId}`);
    transfer.repair(leaves);
    if (transfer.isComplete) this.arrived(transfer);
  }

  /** Takes PAUSE, CONTINUE and CANCEL. */
  steeredBy(transfer: SendingTransfer, message: SteeringMessage): void {
    this.#steered(transfer, message);
  }

  /** The session is over: everything may be offered again in another one. */
  abandon(): void {
    for (const { transfer } of this.#sending.members) {
      this.#drop(transfer, "planned");
    }
    for (const transfer of this.#offers.values()) transfer.state = "planned";
    this.#offers.clear();
  }

  #steered(transfer: SendingTransfer, { kind }: SteeringMessage): void {
    if (kind === "PAUSE" && transfer.state === "sending") transfer.state = "paused";
    if (kind === "CONTINUE" && transfer.state === "paused") {
      transfer.goOn();
      // What was under way when it was paused may have been the rest.
      if (transfer.isComplete) this.arrived(transfer);
    }
    if (kind === "CANCEL") this.#drop(transfer, "cancelled");
  }

  #takeOffer(transferId: string): SendingTransfer | undefined {
    const transfer = this.#offers.get(transferId);
    this.#offers.delete(transferId);
    this.#retries.answered(`offer ${transferId}`);
    return transfer;
  }

  #drop(transfer: SendingTransfer, state: "planned" | "failed" | "cancelled" | "committed"): void {
    this.#retries.answered(`fin ${transfer.offer.transferId}`);
    this.#sending.leave(transfer);
    transfer.state = state;
  }

  #find(transferId: string): SendingTransfer | undefined {
    for (const { transfer } of this.#sending.members) {
      if (transfer.offer.transferId === transferId) return transfer;
    }
    return this.#offers.get(transferId);
  }
}

function keep(
  into: Set<number>,
  offered: readonly { readonly slot: number }[],
  taken: readonly number[],
): void {
  into.clear();
  for (const slot of taken) {
    if (offered.some((each) => each.slot === slot)) into.add(slot);
  }
}
