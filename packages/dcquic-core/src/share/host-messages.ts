import type { InboundMessage } from "../stream/inbound.js";
import type { Stream } from "../stream/stream.js";
import type { LaneOutbox } from "./lane.js";
import type { ShareNews } from "./share-messages.js";

/** How messages go to an attached thread. */
export interface MessageWay {
  /** Goes to the thread. */
  readonly outbox: LaneOutbox<ShareNews>;
  /** A number for a message, by which it is released. */
  nextMessage(): number;
}

/** The peer's direction of a stream that another thread uses: each message is told as a copy, and held until the thread has used it. */
export class HostMessages {
  readonly #way: MessageWay;
  readonly #stream: number;
  readonly #unreleased = new Map<number, InboundMessage>();
  #told = 0;
  #isEndTold = false;

  /** Nothing is told yet of the stream with number `stream`. */
  constructor(way: MessageWay, stream: number) {
    this.#way = way;
    this.#stream = stream;
  }

  /** Whether the thread holds none. */
  get isEmpty(): boolean {
    return this.#unreleased.size === 0;
  }

  /** Tells the header block; one that is `isCounted` has a number of its own in its direction. */
  tellHeaders(header: Uint8Array, isCounted: boolean): void {
    if (isCounted) this.#told += 1;
    const { outbox } = this.#way;
    outbox.post({ kind: "headers", stream: this.#stream, block: outbox.copy(header), isCounted });
  }

  /** Tells what can be taken, and the end of the direction once it is there. */
  tellAll(stream: Stream): void {
    for (let next = stream.take(); next !== undefined; next = stream.take()) this.#tell(next);
    if (!stream.inbound.isOver || this.#isEndTold) return;
    this.#isEndTold = true;
    this.#way.outbox.post({ kind: "ended", stream: this.#stream, count: this.#told });
    this.releaseAll();
  }

  /** The thread has used a message; one that it does not hold is nobody's. */
  release(number: number): void {
    const message = this.#unreleased.get(number);
    if (message === undefined) return;
    this.#unreleased.delete(number);
    message.stream.release(message);
  }

  /** Their bytes were copied: where no more can come, or nobody is there, nothing would be held back by those that the thread still has. */
  releaseAll(): void {
    const held = [...this.#unreleased.values()];
    this.#unreleased.clear();
    for (const message of held) message.stream.release(message);
  }

  #tell(message: InboundMessage): void {
    const { outbox } = this.#way;
    const number = this.#way.nextMessage();
    this.#told += 1;
    this.#unreleased.set(number, message);
    const isLast = message.stream.inbound.isOver;
    outbox.post({
      kind: "message",
      stream: this.#stream,
      message: number,
      seq: message.seq,
      bytes: outbox.copy(message.bytes),
      count: isLast ? this.#told : undefined,
    });
    if (!isLast) return;
    this.#isEndTold = true;
    this.releaseAll();
  }
}
