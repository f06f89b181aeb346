import type { InboundMessage } from "../stream/inbound.js";
import type { Stream } from "../stream/stream.js";

/** A message of a peer. */
export class Message {
  readonly #message: InboundMessage;
  #stream: Stream | undefined;

  /** Shows a message that was taken from `stream`; absent where the message was released on arrival, being the only one. */
  constructor(message: InboundMessage, stream?: Stream) {
    this.#stream = stream;
    this.#message = message;
  }

  /** The bytes, valid until {@link Message.release}. Other messages may lie in the same `ArrayBuffer`: transfer a copy. */
  get bytes(): Uint8Array {
    return this.#message.bytes;
  }

  /** Its number in its direction; a header block counts. */
  get seq(): number {
    return this.#message.seq;
  }

  /** A copy of the bytes that stays valid. */
  copy(): Uint8Array {
    return this.#message.bytes.slice();
  }

  /** Gives the message's credit back to its sender; harmless the second time. */
  release(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.release(this.#message);
  }
}
