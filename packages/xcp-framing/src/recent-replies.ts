import type { Transfer } from "./transfer.js";
import type { MsgId } from "./wire/header.js";

const KEPT = 256;
const KEPT_BYTES = 4 * 1024 * 1024;

/** A reply that was written, and the sealed form it had. */
export interface SentReply {
  readonly transfer: Transfer;
  readonly sealed: Transfer["sealed"];
}

/**
 * Keeps the newest replies that left, because the peer may refuse one whose frame was damaged on the way, and then needs
 * it again. Bounded by count and by bytes, buffers counted whole.
 */
export class RecentReplies {
  readonly #ring: (SentReply | undefined)[] = [];
  #next = 0;
  #bytes = 0;
  #oldest = 0;

  /** Keeps a reply that was just written. */
  add(transfer: Transfer): void {
    const bytes = bytesOf(transfer);
    if (bytes > KEPT_BYTES || !transfer.repeatable) return;
    this.#drop(this.#next);
    this.#ring[this.#next] = { transfer, sealed: transfer.sealed };
    this.#bytes += bytes;
    const newest = this.#next;
    this.#next = (this.#next + 1) % KEPT;
    while (this.#bytes > KEPT_BYTES && this.#oldest !== newest) {
      this.#drop(this.#oldest);
      this.#oldest = (this.#oldest + 1) % KEPT;
    }
  }

  /** Removes and returns the reply with this id. */
  take(msgId: MsgId): SentReply | undefined {
    const at = this.#ring.findIndex((reply) => reply?.transfer.msgId === msgId);
    const reply = this.#ring[at];
    if (reply !== undefined) this.#drop(at);
    return reply;
  }

  #drop(at: number): void {
    const reply = this.#ring[at];
    if (reply === undefined) return;
    this.#bytes -= bytesOf(reply.transfer);
    this.#ring[at] = undefined;
  }
}

function bytesOf(transfer: Transfer): number {
  return transfer.body instanceof Uint8Array ? transfer.body.buffer.byteLength : 0;
}
