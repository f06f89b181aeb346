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

/** What stands in a way that only a broken peer can cause. */
export type InboundFault = "duplicateNumber" | "beyondEnd" | "tooMany" | "misplacedHeaders";

// Never written to: the first message takes its place.
const NONE: InboundMessage[] = [];

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
  // In order of arrival; those that were taken are gone.
  #waiting: InboundMessage[] = NONE;
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

  /** Messages that were announced and not used yet. */
  get pending(): readonly InboundMessage[] {
    return this.#waiting;
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
    // Most directions carry one message: an array of one is a tenth of one that grew.
    if (this.#waiting.length === 0) this.#waiting = Array.of(message);
    else this.#waiting.push(message);
    return undefined;
  }

  /** Notes how many messages the direction has, headers included. */
  end(count: number): InboundFault | undefined {
    if (this.#final !== undefined && this.#final !== count) return "beyondEnd";
    if (this.#next > count || this.#waiting.some(({ seq }) => seq >= count)) return "beyondEnd";
    this.#final = count;
    if (count === 0) this.#hasHeaders = false;
    return undefined;
  }

  /** The next message that may be pulled, which counts as pulled from now on. */
  nextToPull(): InboundMessage | undefined {
    if (this.#waiting.length === 0) return undefined;
    for (const message of this.#waiting) {
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
    const ready = this.#ordered
      ? this.#find(this.#next)
      : this.#waiting.find(({ state, isHeaders }) => state === "ready" && !isHeaders);
    return ready?.state === "ready" && !ready.isHeaders ? this.#pass(ready) : undefined;
  }

  /** Takes the header block once it is whole. */
  takeHeaders(): InboundMessage | undefined {
    const headers = this.#waiting.find(({ isHeaders }) => isHeaders);
    return headers?.state === "ready" ? this.#pass(headers) : undefined;
  }

  #pass(ready: InboundMessage): InboundMessage {
    if (this.#waiting.length === 1) this.#waiting = NONE;
    else this.#waiting.splice(this.#waiting.indexOf(ready), 1);
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
    const dropped = this.#waiting;
    this.#waiting = NONE;
    return dropped;
  }

  #mayPull({ isHeaders, seq, totalBytes }: InboundMessage): boolean {
    if (this.isHeld && !isHeaders) return false;
    if (isHeaders || (this.#ordered && seq === this.#next)) return true;
    if (this.#heldMessages >= this.#limits.messages) return false;
    return this.#heldMessages === 0 || this.#heldBytes + totalBytes <= this.#limits.bytes;
  }

  #find(seq: number): InboundMessage | undefined {
    return this.#waiting.find((message) => message.seq === seq);
  }
}
