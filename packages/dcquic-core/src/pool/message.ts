import type { InboundMessage } from "../stream/inbound.js";

const NOTHING = new Uint8Array(0);

/** A message of a peer. */
export class Message {
  /** Its number in its direction; a header block counts. */
  readonly seq: number;
  #bytes: Uint8Array;
  #held: InboundMessage | undefined;

  /** Shows what came; `held` is given back to its stream at the end, and absent where that was done on arrival. */
  constructor({ bytes, seq }: Pick<InboundMessage, "bytes" | "seq">, held?: InboundMessage) {
    this.seq = seq;
    this.#bytes = bytes;
    this.#held = held;
  }

  /** The bytes; empty after {@link Message.release}. Other messages may lie in the same `ArrayBuffer`: transfer a copy. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A copy of the bytes that stays valid. */
  copy(): Uint8Array {
    return this.#bytes.slice();
  }

  /** Lets go of the bytes, and gives the message's credit back to its sender; harmless the second time. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    // The promise it came by may have waited for long, and be kept, with this, until the whole heap is collected.
    this.#bytes = NOTHING;
    held?.stream.release(held);
  }
}
