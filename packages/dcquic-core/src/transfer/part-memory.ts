import type { SpareMemory } from "./spare-memory.js";

/**
 * Lends memory for exactly so many plain bytes at `offset` of a message, which are put there; `undefined` where they are to have
 * memory of their own. It must not throw. Bytes that do not verify may lie there for a while.
 */
export type LendMemory = (offset: number, length: number) => Uint8Array | undefined;

/** Bytes of a part all of which arrived. */
export interface TakenPart {
  /** Its memory, of exactly its length. */
  readonly bytes: Uint8Array;
  /** Whether that was lent. */
  readonly isLent: boolean;
}

// Mutable: memory that is lent can be taken away.
interface BegunPart {
  bytes: Uint8Array;
  isLent: boolean;
  // The step in which it was lent last.
  step: number;
  isLost: boolean;
}

/**
 * The memory of those parts of a message that are begun and not whole: lent ones where somebody lends any, else spare ones.
 *
 * What is lent is lent for one step, the packets that came together. In later ones it is asked for again: whoever lends it may
 * have taken it away, and what lay there is lost.
 */
export class PartMemory {
  readonly #begun = new Map<number, BegunPart>();
  readonly #spare: SpareMemory;
  readonly #lend: LendMemory | undefined;
  #step = 0;

  /** Takes from `lend` what that lends, and everything else from `spare`. */
  constructor(spare: SpareMemory, lend: LendMemory | undefined) {
    this.#spare = spare;
    this.#lend = lend;
  }

  /** Where the bytes of part `index` lie, which are `length` at `offset` of the message, for this step. */
  at(index: number, offset: number, length: number): Uint8Array {
    const part = this.#begun.get(index);
    if (part === undefined) return this.#begin(index, offset, length).bytes;
    if (part.isLent && part.step !== this.#step) this.#askAgain(part, offset, length);
    return part.bytes;
  }

  /** Gives up part `index`, all of whose bytes are there; `undefined` where some were lost, or none ever came. */
  take(index: number, offset: number, length: number): TakenPart | undefined {
    const part = this.#begun.get(index);
    if (part === undefined) return undefined;
    this.#begun.delete(index);
    if (part.isLent && part.step !== this.#step) this.#askAgain(part, offset, length);
    return part.isLost ? undefined : part;
  }

  /** Ends the step: from now on nothing that was lent is looked at before it is lent again. */
  endStep(): void {
    this.#step += 1;
  }

  #begin(index: number, offset: number, length: number): BegunPart {
    const lent = this.#lend?.(offset, length);
    const isLent = lent?.length === length;
    const bytes = isLent ? lent : this.#spare.take(length);
    const part = { bytes, isLent, step: this.#step, isLost: false };
    this.#begun.set(index, part);
    return part;
  }

  #askAgain(part: BegunPart, offset: number, length: number): void {
    const { buffer, byteOffset } = part.bytes;
    const lent = this.#lend?.(offset, length);
    part.step = this.#step;
    if (lent?.length === length && lent.buffer === buffer && lent.byteOffset === byteOffset) return;
    part.bytes = this.#spare.take(length);
    part.isLent = false;
    part.isLost = true;
  }
}
