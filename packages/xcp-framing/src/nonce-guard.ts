import { DedupWindow } from "./dedup-window.js";
import type { MsgId } from "./wire/header.js";

interface Train {
  readonly channelId: number;
  nextIndex: number;
}

const WINDOW = 65_536;

/**
 * Refuses to let a (msgId, channel, chunk index) triple encrypt twice in one epoch: two frames under one nonce would
 * reveal their plaintexts and the authentication key.
 *
 * It remembers the last 65 536 ids of an epoch and refuses older ones; the chunks of a message must come in order.
 *
 * @see spec/xcp.md §12
 */
export class NonceGuard {
  #used = new DedupWindow(WINDOW, { maxStep: Infinity });
  readonly #trains = new Map<MsgId, Train>();

  /** A new epoch has other nonces; messages whose chunks are on the way go on in it. */
  startEpoch(): void {
    this.#used = new DedupWindow(WINDOW, { maxStep: Infinity });
  }

  /**
   * Claims one nonce.
   *
   * @param more Whether further chunks of the message follow.
   * @throws RangeError when it was claimed before: resend the identical bytes, or take a new id.
   */
  claim(
    id: { readonly msgId: MsgId; readonly channelId: number },
    chunkIndex: number,
    more: "more" | "last",
  ): void {
    const { msgId, channelId } = id;
    if (msgId === 0) throw new RangeError("an encrypted frame needs a msgId");
    const train = this.#trains.get(msgId);
    if (chunkIndex === 0) {
      if (this.#used.check(msgId) !== "new") {
        throw new RangeError(`msgId ${msgId} was encrypted before in this epoch`);
      }
      if (more === "more") this.#trains.set(msgId, { channelId, nextIndex: 1 });
      else this.#trains.delete(msgId);
    } else {
      if (train?.nextIndex !== chunkIndex || train.channelId !== channelId) {
        throw new RangeError(`chunk ${chunkIndex} of msgId ${msgId} is not the next`);
      }
      if (more === "more") train.nextIndex++;
      else this.#trains.delete(msgId);
    }
    // Also for later chunks: the message may have begun in another epoch, and must not begin again in this one.
    this.#used.complete(msgId);
  }
}
