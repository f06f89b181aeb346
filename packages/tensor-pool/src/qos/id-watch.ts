import type { RandomSource } from "@proj/wire-types";

/** Somebody who was there before is heard before we have sent more reports than these: each sends one a second. */
const NEWCOMER_REPORTS = 2;

/**
 * Notices that somebody else uses the same id: more reports carry it than were sent with it. The later one picks another.
 *
 * It counts, since IPC publications of one stream are one log with one session: who reads it back cannot tell his own messages
 * from others' in any other way. spec/tensor-pool.md §11, §21
 */
export class IdWatch {
  readonly #random: RandomSource;
  #id: number;
  #sent = 0;
  #seen = 0;

  /** Watches over `id`, which the caller has not used yet. */
  constructor(id: number, random: RandomSource) {
    this.#id = id;
    this.#random = random;
  }

  /** The id that is ours now. */
  get id(): number {
    return this.#id;
  }

  /** Notes that a report with our id was sent. */
  sent(): void {
    this.#sent++;
  }

  /**
   * Takes the id of a report that was read, our own included.
   *
   * @returns Whether our id had to change, because another sender had it before us, or began in the same moment.
   */
  seen(id: number): boolean {
    if (id !== this.#id) return false;
    this.#seen++;
    if (this.#seen <= this.#sent) return false;
    this.#seen = this.#sent;
    if (this.#sent > NEWCOMER_REPORTS) return false;
    this.#id = randomId(this.#random, id);
    this.#sent = 0;
    this.#seen = 0;
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
