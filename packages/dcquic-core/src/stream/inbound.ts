import { Shape } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { Offer } from "./early-messages.js";
import type { Stream } from "./stream.js";

const NOTHING = new Uint8Array(0);

/** A message, or a header block, from the peer. */
export class InboundMessage {
  /** Its stream. */
  readonly stream: Stream;
  /** Its transfer. */
  readonly transfer: Id64;
  /** Its number in its direction. */
  readonly seq: number;
  /** Whether it is the header block of its direction. */
  readonly isHeaders: boolean;
  /** Plain bytes. */
  readonly totalBytes: number;
  /** `offered` until it is pulled; `ready` once it is whole. */
  state: "offered" | "pulling" | "ready" = "offered";
  /** What arrived. */
  bytes: Uint8Array = NOTHING;
  /** All of it, where it was offered with its bytes; they are the reader's once it is pulled. */
  readonly whole: Uint8Array | undefined;
  /** The one of its direction that was announced after it, while both wait. */
  later: InboundMessage | undefined;

  /** Takes what an announcement says of a message of `stream`. */
  constructor(
    stream: Stream,
    offer: Pick<Offer, "transfer" | "messageSeq" | "shape" | "totalBytes" | "whole">,
  ) {
    this.stream = stream;
    this.transfer = offer.transfer;
    this.seq = offer.messageSeq;
    this.isHeaders = (offer.shape & Shape.Headers) !== 0;
    this.totalBytes = offer.totalBytes;
    this.whole = offer.whole;
  }
}

/** How much a direction holds for a slow reader. spec/dcquic.md §11 */
export interface QueueLimits {
  /** Messages that are pulled or wait to be used. */
  readonly messages: number;
  /** Their bytes. */
  readonly bytes: number;
}

/** The queue of §20: 64 messages or 4 MiB. */
export const DEFAULT_QUEUE: QueueLimits = { messages: 64, bytes: 4_194_304 };

const NONE: readonly InboundMessage[] = [];

/** What stands in a way that only a broken peer can cause. */
export type InboundFault = "duplicateNumber" | "beyondEnd" | "tooMany" | "misplacedHeaders";

/**
 * The messages of one direction of a stream, on the way to the application: what may be pulled, what is next, and when all
 * were taken.
 *
 * The header block is number 0 of its direction, so that a message with another number never leaves open whether one
 * follows. The message that is next is pulled whatever the queue holds: nothing could ever be taken otherwise.
 *
 * @see spec/dcquic.md §4, §11
 */
export class Inbound {
  #limits: QueueLimits;
  #ordered = true;
  readonly #maxMessages: number;
  // In order of arrival, linked to one another: most directions carry one message, which needs no array. Those that were taken
  // are gone.
  #first: InboundMessage | undefined;
  #last: InboundMessage | undefined;
  // Numbers beyond the next that were taken: only without order.
  #ahead: Set<number> | undefined;
  #next = 0;
  #takenCount = 0;
  #heldMessages = 0;
  #heldBytes = 0;
  #final: number | undefined;
  #hasHeaders: boolean | undefined;
  #abandoned = false;
  /** Whether only the header block may be pulled, because nobody said yet where the rest goes. */
  isHeld = false;

  /** Starts with nothing, and gives messages in order; `maxMessages` does not count headers. */
  constructor(limits: QueueLimits, maxMessages: number) {
    this.#limits = limits;
    this.#maxMessages = maxMessages;
  }

  /** Changes how the direction is read, before anything was pulled; without `limits` they stay. */
  configure(limits: QueueLimits | undefined, ordered: boolean): void {
    this.#limits = limits ?? this.#limits;
    this.#ordered = ordered;
  }

  /** Whether every message of the direction was taken, or no more are wanted. */
  get isOver(): boolean {
    return this.#abandoned || (this.#final !== undefined && this.#takenCount >= this.#final);
  }

  /** The first that waits and is no header block. */
  get firstMessage(): InboundMessage | undefined {
    const first = this.#first;
    return first?.isHeaders === true ? first.later : first;
  }

  /** Whether the direction began with a header block; `undefined` while nobody can tell. */
  get hasHeaders(): boolean | undefined {
    return this.#hasHeaders;
  }

  /** Takes an announced message. */
  offer(message: InboundMessage, isLast: boolean): InboundFault | undefined {
    const { seq, isHeaders } = message;
    if (isHeaders && seq !== 0) return "misplacedHeaders";
    if (this.#final !== undefined && seq >= this.#final) return "beyondEnd";
    if (seq < this.#next || this.#ahead?.has(seq) === true || this.#find(seq) !== undefined) {
      return "duplicateNumber";
    }
    if (seq > this.#maxMessages) return "tooMany";
    if (seq === 0) this.#hasHeaders = isHeaders;
    if (seq === this.#maxMessages && this.#hasHeaders === false) return "tooMany";
    if (isLast && this.end(seq + 1) !== undefined) return "beyondEnd";
    if (this.#last === undefined) this.#first = message;
    else this.#last.later = message;
    this.#last = message;
    return undefined;
  }

  /** Notes how many messages the direction has, headers included. */
  end(count: number): InboundFault | undefined {
    if (this.#final !== undefined && this.#final !== count) return "beyondEnd";
    if (this.#next > count) return "beyondEnd";
    for (let each = this.#first; each !== undefined; each = each.later) {
      if (each.seq >= count) return "beyondEnd";
    }
    this.#final = count;
    if (count === 0) this.#hasHeaders = false;
    return undefined;
  }

  /** The next message that may be pulled, which counts as pulled from now on. */
  nextToPull(): InboundMessage | undefined {
    for (let message = this.#first; message !== undefined; message = message.later) {
      if (message.state !== "offered" || !this.#mayPull(message)) continue;
      message.state = "pulling";
      if (!message.isHeaders) {
        this.#heldMessages += 1;
        this.#heldBytes += message.totalBytes;
      }
      return message;
    }
    return undefined;
  }

  /** Takes the next whole message: in the order of numbers, unless order was lifted. */
  take(): InboundMessage | undefined {
    const ready = this.#ordered ? this.#find(this.#next) : this.#firstReady();
    return ready?.state === "ready" && !ready.isHeaders ? this.#pass(ready) : undefined;
  }

  /** Takes the header block once it is whole. */
  takeHeaders(): InboundMessage | undefined {
    const headers = this.#find(0);
    const isReady = headers?.isHeaders === true && headers.state === "ready";
    return isReady ? this.#pass(headers) : undefined;
  }

  #pass(ready: InboundMessage): InboundMessage {
    this.#remove(ready);
    this.#takenCount += 1;
    if (ready.seq !== this.#next) (this.#ahead ??= new Set()).add(ready.seq);
    else for (this.#next += 1; this.#ahead?.delete(this.#next) === true;) this.#next += 1;
    return ready;
  }

  /** Notes that a taken message was used: there is room for another one. */
  released(message: InboundMessage): void {
    if (message.isHeaders) return;
    this.#heldMessages -= 1;
    this.#heldBytes -= message.totalBytes;
  }

  /** Forgets what waits, and returns it; nothing more is wanted. */
  drop(): readonly InboundMessage[] {
    this.#abandoned = true;
    if (this.#first === undefined) return NONE;
    const dropped: InboundMessage[] = [];
    while (this.#first !== undefined) {
      dropped.push(this.#first);
      this.#remove(this.#first);
    }
    return dropped;
  }

  #mayPull({ isHeaders, seq, totalBytes }: InboundMessage): boolean {
    if (this.isHeld && !isHeaders) return false;
    if (isHeaders || (this.#ordered && seq === this.#next)) return true;
    if (this.#heldMessages >= this.#limits.messages) return false;
    return this.#heldMessages === 0 || this.#heldBytes + totalBytes <= this.#limits.bytes;
  }

  #find(seq: number): InboundMessage | undefined {
    let each = this.#first;
    while (each !== undefined && each.seq !== seq) each = each.later;
    return each;
  }

  #firstReady(): InboundMessage | undefined {
    let each = this.#first;
    while (each !== undefined && (each.state !== "ready" || each.isHeaders)) each = each.later;
    return each;
  }

  #remove(message: InboundMessage): void {
    let before: InboundMessage | undefined;
    for (let each = this.#first; each !== message && each !== undefined; each = each.later) {
      before = each;
    }
    if (before === undefined) this.#first = message.later;
    else before.later = message.later;
    if (this.#last === message) this.#last = before;
    // Who keeps a message need not keep those that came after it.
    message.later = undefined;
  }
}
