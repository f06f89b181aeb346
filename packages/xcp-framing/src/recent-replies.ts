import type { Transfer } from "./transfer.js";
import type { MsgId } from "./wire/header.js";

const KEPT_SMALL = 32;
const SMALL_BYTES = 32 * 1024;
const LARGE_BYTES = 4 * 1024 * 1024;

/**
 * Keeps the newest replies that left, because the peer may refuse one whose frame was damaged on the way, and then needs
 * it again: 32 small ones, each of which may keep the 64 KiB chunk alive in which its request came, and one larger one.
 */
export class RecentReplies {
  readonly #small = Array.from<Transfer | undefined>({ length: KEPT_SMALL });
  #next = 0;
  #large: Transfer | undefined;

  /** Keeps a reply that was just written. */
  add(transfer: Transfer): void {
    const { body } = transfer;
    if (!(body instanceof Uint8Array) || body.length > LARGE_BYTES) return;
    if (body.length > SMALL_BYTES) {
      this.#large = transfer;
      return;
    }
    this.#small[this.#next] = transfer;
    this.#next = (this.#next + 1) % KEPT_SMALL;
  }

  /** Removes and returns the reply with this id. */
  take(msgId: MsgId): Transfer | undefined {
    const large = this.#large;
    if (large?.msgId === msgId) {
      this.#large = undefined;
      return large;
    }
    const at = this.#small.findIndex((reply) => reply?.msgId === msgId);
    const reply = this.#small[at];
    if (reply !== undefined) this.#small[at] = undefined;
    return reply;
  }
}
