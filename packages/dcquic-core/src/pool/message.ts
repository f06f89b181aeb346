import type { InboundMessage } from "../stream/inbound.js";
import type { Stream } from "../stream/stream.js";

/** A message of a peer. */
export class Message {
  /** The bytes, valid until {@link Message.release}. Other messages may lie in the same `ArrayBuffer`: transfer a copy. */
  readonly bytes: Uint8Array;
  /** Its number in its direction; a header block counts. */
  readonly seq: number;
  #message: InboundMessage | undefined;
  #stream: Stream | undefined;

  /** Shows a message that was taken from `stream`; absent where the message was released on arrival, being the only one. */
  constructor(message: InboundMessage, stream?: Stream) {
    this.bytes = message.bytes;
    this.seq = message.seq;
    if (stream === undefined) return;
    this.#stream = stream;
    this.#message = message;
  }

  /** A copy of the bytes that stays valid. */
  copy(): Uint8Array {
    return this.bytes.slice();
  }

  /** Gives the message's credit back to its sender; harmless the second time. */
  release(): void {
    const [stream, message] = [this.#stream, this.#message];
    this.#stream = undefined;
    this.#message = undefined;
    if (message !== undefined) stream?.release(message);
  }
}
