import { FRAME_HEADER_BYTES } from "../log/frame.js";
import { FrameWriter, framedLength } from "../log/frame-writer.js";
import type { LogBuffers } from "../log/log-buffers.js";
import type { Claim } from "../log/claim.js";
import { OfferResult, type OfferOptions } from "../log/offer.js";
import { AtomicBuffer } from "../memory/atomic-buffer.js";

/** Bytes that no message may exceed, however long the term. */
const MAX_MESSAGE_BYTES = 16_777_216;

/** What was appended before anything was. */
const NO_TERM = new AtomicBuffer(new Uint8Array(0));

/** What a publication needs to know of itself. */
export interface PublicationSetup {
  /** The channel as it was asked for. */
  readonly channel: string;
  /** The stream. */
  readonly streamId: number;
  /** Who writes. */
  readonly sessionId: number;
  /** The command that this client removes it by. */
  readonly registrationId: bigint;
  /** The log. */
  readonly log: LogBuffers;
  /** The value record of the counter that limits it. */
  readonly limit: AtomicBuffer;
  /** The counter that tells how the channel is, or -1. */
  readonly channelStatusCounterId: number;
  /** Removes it from the driver; called once. */
  readonly onClose: () => void;
}

/** What shared and exclusive publications have in common. spec/aeron.md §8 */
export abstract class PublicationBase {
  /** The channel as it was asked for. */
  readonly channel: string;
  /** The stream. */
  readonly streamId: number;
  /** Who writes. */
  readonly sessionId: number;
  /** The command that this client removes it by. */
  readonly registrationId: bigint;
  /** What one frame can carry: longer messages are fragmented. */
  readonly maxPayloadLength: number;
  /** What a message may have at most. */
  readonly maxMessageLength: number;
  /** The counter that tells how the channel is, or -1. */
  readonly channelStatusCounterId: number;
  /** The log. */
  protected readonly log: LogBuffers;
  /** Writes frames with this publication's ids. */
  protected readonly frames: FrameWriter;
  readonly #limit: AtomicBuffer;
  #limitLow = 0;
  #limitKnown = 0;
  readonly #maxPosition: number;
  readonly #onClose: () => void;
  #closed = false;

  /** Takes what the driver answered. */
  constructor(setup: PublicationSetup) {
    const { log } = setup;
    this.channel = setup.channel;
    this.streamId = setup.streamId;
    this.sessionId = setup.sessionId;
    this.registrationId = setup.registrationId;
    this.channelStatusCounterId = setup.channelStatusCounterId;
    this.log = log;
    this.maxPayloadLength = log.mtu - FRAME_HEADER_BYTES;
    this.maxMessageLength = Math.min(log.termLength / 8, MAX_MESSAGE_BYTES);
    this.frames = new FrameWriter(setup.sessionId, setup.streamId, this.maxPayloadLength);
    this.#limit = setup.limit;
    this.#maxPosition = log.termLength * 2 ** 31;
    this.#onClose = setup.onClose;
  }

  /** Whether it was closed, here or because the client was. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether anybody is subscribed. */
  get isConnected(): boolean {
    return !this.#closed && this.log.isConnected();
  }

  /** Where the next message will lie. */
  position(): number {
    return this.#closed ? OfferResult.closed : this.log.producerPosition();
  }

  /** How far it may write at present. */
  positionLimit(): number {
    return this.#closed ? OfferResult.closed : this.#limit.positionAcquire(0);
  }

  /**
   * Writes one message, and copies it.
   *
   * @returns The position behind it, or one of {@link OfferResult}: nothing was written then.
   * @throws `RangeError` for a message longer than {@link PublicationBase.maxMessageLength}.
   */
  offer(message: Uint8Array, options?: OfferOptions): number {
    if (message.length > this.maxMessageLength) {
      throw new RangeError(`${message.length} bytes in a message, limit ${this.maxMessageLength}`);
    }
    const need = framedLength(message.length, this.maxPayloadLength);
    const claimed = this.append(need);
    if (claimed < 0) return claimed;
    const { term, offset, termId } = this.appended;
    this.frames.message(term, offset, termId, message, options?.reservedValue);
    return claimed;
  }

  /**
   * Claims space for one message of `length` bytes, to be written in place.
   *
   * @returns The position behind it, or one of {@link OfferResult}: `claim` is as it was then.
   * @throws `RangeError` for more than {@link PublicationBase.maxPayloadLength}.
   */
  tryClaim(length: number, claim: Claim): number {
    if (!(length >= 0 && length <= this.maxPayloadLength)) {
      throw new RangeError(`${length} bytes in a claim, limit ${this.maxPayloadLength}`);
    }
    const claimed = this.append(framedLength(length, this.maxPayloadLength));
    if (claimed < 0) return claimed;
    const { term, offset, termId } = this.appended;
    this.frames.claim(term, offset, termId, length);
    claim.hold(term, offset, length);
    return claimed;
  }

  /** Takes it from the driver. What was written before is still delivered. Harmless the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  /** Marks it as closed without telling the driver, which has forgotten it. */
  abandon(): void {
    this.#closed = true;
  }

  /** Where the last successful {@link PublicationBase.append} lies; one object, to make none per message. */
  protected readonly appended: { term: AtomicBuffer; offset: number; termId: number } = {
    term: NO_TERM,
    offset: 0,
    termId: 0,
  };

  /** Takes `need` bytes of the log and fills `appended`; returns the position behind them, or why not. */
  protected abstract append(need: number): number;

  /** Tells why nothing can be written at `position`; `need` is what was wanted. */
  protected refusal(position: number, need: number): number {
    if (position + need >= this.#maxPosition) return OfferResult.maxPositionExceeded;
    return this.log.isConnected() ? OfferResult.backPressured : OfferResult.notConnected;
  }

  /** Tells whether this position lies behind all that can be counted. */
  protected isBeyondMax(position: number): boolean {
    return position > this.#maxPosition;
  }

  /**
   * Tells whether writing may begin at `position`.
   *
   * The driver moves the limit seldom, and in steps that change its lower half: while that stands still, the value of last
   * time allows what it allowed then, and nothing more is looked at.
   */
  protected isBelowLimit(position: number): boolean {
    const low = this.#limit.words[0] ?? 0;
    if (low === this.#limitLow && position < this.#limitKnown) return true;
    this.#limitKnown = this.#limit.positionAcquire(0);
    this.#limitLow = this.#limitKnown | 0;
    return position < this.#limitKnown;
  }
}
