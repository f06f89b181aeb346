import type { Id64 } from "../wire/id64.js";
import type { QueueLimits } from "./inbound.js";
import type { OutboundPayload } from "./stream.js";

// Never written to: the first transfer takes its place.
const NONE: Id64[] = [];

/**
 * The own direction of a stream: numbers of messages, what is on the way, and whether more may come.
 *
 * @see spec/dcquic.md §4, §11
 */
export class Outbound {
  readonly #limits: QueueLimits;
  readonly #maxMessages: number;
  #nextSeq = 0;
  #messages = 0;
  #liveMessages = 0;
  #liveBytes = 0;
  #state: "open" | "ended" | "stopped" = "open";
  #owesWritable = false;
  // Most directions carry one message: it needs no array.
  #only: Id64 | undefined;
  // In the order in which they were announced, which is nearly the one in which they end.
  #others: Id64[] = NONE;

  /** Starts with nothing sent; `maxMessages` does not count headers. */
  constructor(limits: QueueLimits, maxMessages: number) {
    this.#limits = limits;
    this.#maxMessages = maxMessages;
  }

  /** Messages sent so far, headers included. */
  get count(): number {
    return this.#nextSeq;
  }

  /** Whether no more messages will follow. */
  get isEnded(): boolean {
    return this.#state !== "open";
  }

  /** Whether the peer wanted no more. */
  get isStopped(): boolean {
    return this.#state === "stopped";
  }

  /** Whether everything arrived that was sent, and nothing more will follow. */
  get isOver(): boolean {
    return this.isEnded && this.#liveMessages === 0;
  }

  /** Bytes that were sent and did not arrive. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Whether as much is on the way as the limits allow. */
  get isFull(): boolean {
    const full =
      this.#liveMessages >= this.#limits.messages || this.#liveBytes >= this.#limits.bytes;
    if (full) this.#owesWritable = true;
    return full;
  }

  /** Transfers that were announced and are not over. */
  get live(): readonly Id64[] {
    return this.#only === undefined ? this.#others : [this.#only, ...this.#others];
  }

  /** Numbers a message that is about to be sent. @throws TypeError when the direction takes no more. */
  next(payload: OutboundPayload): number {
    if (this.isEnded) throw new TypeError("the own direction of the stream is over");
    if (payload.isHeaders && this.#nextSeq > 0) {
      throw new TypeError("headers go before the first message");
    }
    if (!payload.isHeaders && ++this.#messages > this.#maxMessages) {
      throw new TypeError(`the pattern allows ${this.#maxMessages} messages`);
    }
    if (payload.isLast || this.#messages === this.#maxMessages) this.finish();
    this.#liveMessages += 1;
    this.#liveBytes += payloadBytes(payload);
    return this.#nextSeq++;
  }

  /** Notes that nothing more will follow. */
  finish(): void {
    if (this.#state === "open") this.#state = "ended";
  }

  /** Notes that the peer wants no more. */
  stop(): void {
    this.#state = "stopped";
  }

  /** Notes that a message was announced. */
  announced(transfer: Id64): void {
    if (this.#only === undefined && this.#others.length === 0) this.#only = transfer;
    else if (this.#others === NONE) this.#others = [transfer];
    else this.#others.push(transfer);
  }

  /** Notes that a message arrived, or never will; returns whether a writer waits for the room. */
  settled(bytes: number, transfer: Id64 | undefined): boolean {
    if (transfer !== undefined && transfer === this.#only) this.#only = undefined;
    else if (transfer !== undefined && this.#others.length > 0) this.#ended(transfer);
    this.#liveMessages -= 1;
    this.#liveBytes -= bytes;
    if (!this.#owesWritable || this.isFull) return false;
    this.#owesWritable = false;
    return true;
  }

  #ended(transfer: Id64): void {
    const index = this.#others.indexOf(transfer);
    if (index < 0) return;
    if (this.#others.length === 1) this.#others = NONE;
    else this.#others.splice(index, 1);
  }
}

/** Bytes that a message counts for while it is on the way: those of its buffer, where it has one. */
export function payloadBytes({ payload }: OutboundPayload): number {
  return payload instanceof Uint8Array ? payload.length : payload.bytes;
}
