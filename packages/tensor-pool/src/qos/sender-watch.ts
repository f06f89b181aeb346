import type { RandomSource } from "@proj/wire-types";

/**
 * Notices that somebody else uses the same id: reports that carry it come from two senders. The later one picks another.
 * spec/tensor-pool.md §11
 */
export class SenderWatch {
  readonly #random: RandomSource;
  readonly #ownSender: number;
  #id: number;

  /** `ownSender` tells this process's publication from others: its session. */
  constructor(id: number, ownSender: number, random: RandomSource) {
    this.#id = id;
    this.#ownSender = ownSender;
    this.#random = random;
  }

  /** The id that is ours now. */
  get id(): number {
    return this.#id;
  }

  /**
   * Takes the id and the sender of a report.
   *
   * @returns Whether our id had to change, because another sender had it before us.
   */
  observed(id: number, sender: number, theySentFirst: () => boolean): boolean {
    if (id !== this.#id || sender === this.#ownSender || !theySentFirst()) return false;
    this.#id = randomId(this.#random, this.#id);
    return true;
  }
}

/** Returns an id from 1 to 2^31-1 that is not `except`. */
export function randomId(random: RandomSource, except = 0): number {
  const bytes = new Uint8Array(4);
  for (;;) {
    random.fill(bytes);
    const id = new DataView(bytes.buffer).getUint32(0, true) & 0x7fff_ffff;
    if (id !== 0 && id !== except) return id;
  }
}
