/** The place of one answer in the order of the questions. */
export interface ReplySlot {
  /** Sends the answer; `undefined` until there is one. */
  send: (() => void) | undefined;
  done: boolean;
}

/**
 * Puts answers into the order of their questions, for peers that take the next frame as the answer to their last request.
 * spec/xcp.md §5.1
 */
export class InOrderReplies {
  readonly #slots: ReplySlot[] = [];

  /** Keeps a place for the answer to a question that arrived now. */
  open(): ReplySlot {
    const slot: ReplySlot = { send: undefined, done: false };
    this.#slots.push(slot);
    return slot;
  }

  /** Answers; `undefined` gives the place up. Sends every answer whose turn has come. */
  fill(slot: ReplySlot, send: (() => void) | undefined): void {
    slot.send = send;
    slot.done = true;
    while (this.#slots[0]?.done === true) this.#slots.shift()?.send?.();
  }
}
