import type { Transfer } from "./transfer.js";
import type { MsgId } from "./wire/header.js";

const KEPT = 32;
const KEPT_BYTES = 1024 * 1024;

/**
 * Keeps the newest replies that left, because the peer may refuse one whose frame was damaged on the way, and then needs
 * it again. Bounded by count and by bytes; a small reply may keep the chunk alive in which its request came, 64 KiB each.
 */
export class RecentReplies {
  readonly #ring = Array.from<Transfer | undefined>({ length: KEPT });
  #next = 0;
  #oldest = 0;
  #bytes = 0;

  /** Keeps a reply that was just written. */
  add(transfer: Transfer): void {
    const bytes = bytesOf(transfer);
    if (bytes > KEPT_BYTES) return;
    this.#drop(this.#next);
    this.#ring[this.#next] = transfer;
    this.#bytes += bytes;
    const newest = this.#next;
    this.#next = (newest + 1) % KEPT;
    while (this.#bytes > KEPT_BYTES && this.#oldest !== newest) {
      this.#drop(this.#oldest);
      this.#oldest = (this.#oldest + 1) % KEPT;
    }
  }

  /** Removes and returns the reply with this id. */
  take(msgId: MsgId): Transfer | undefined {
    const at = this.#ring.findIndex((reply) => reply?.msgId === msgId);
    const reply = this.#ring[at];
    if (reply !== undefined) this.#drop(at);
    return reply;
  }

  #drop(at: number): void {
    const reply = this.#ring[at];
    if (reply === undefined) return;
    this.#bytes -= bytesOf(reply);
    this.#ring[at] = undefined;
    if (this.#oldest === at) this.#oldest = (at + 1) % KEPT;
  }
}

function bytesOf(transfer: Transfer): number {
  return transfer.body instanceof Uint8Array ? transfer.body.length : 0;
}
