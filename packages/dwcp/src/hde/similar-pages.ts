import { MAX_SIMILAR_PAGES } from "./anchor-engine.js";
import type { AnchorScan } from "./anchor-scan.js";
import { placeOf, shiftOf } from "./slot-of.js";

// One common anchor may be chance or boilerplate.
const MIN_COMMON = 2;
const MAX_CANDIDATES = 64;

/**
 * Finds the pages of a baseline that have the most anchors in common with a page.
 *
 * @see spec/dwcp.md B10
 */
export class SimilarPages {
  readonly #slots: Uint32Array;
  readonly #shift: number;
  readonly #pageBytes: number;
  readonly #pages = new Int32Array(MAX_CANDIDATES);
  readonly #votes = new Int32Array(MAX_CANDIDATES);

  /** `slots` is the table of the baseline; `pageBytes` is the size of a page, of the OFFER. */
  constructor(slots: Uint32Array, pageBytes: number) {
    this.#slots = slots;
    this.#shift = shiftOf(slots);
    this.#pageBytes = pageBytes;
  }

  /**
   * Writes up to {@link MAX_SIMILAR_PAGES} page numbers to the start of `into`, the most similar first, then −1; never `except`.
   *
   * @param first The page's first anchor in `scan`, and `end` the one behind its last.
   */
  find(scan: AnchorScan, first: number, end: number, except: number, into: Int32Array): void {
    let candidates = 0;
    for (let at = first; at < end; at++) {
      const position = this.#slots[placeOf(scan.hashes[at] ?? 0, this.#shift)] ?? 0;
      if (position === 0) continue;
      const candidate = Math.floor((position - 1) / this.#pageBytes);
      if (candidate === except) continue;
      let known = 0;
      while (known < candidates && this.#pages[known] !== candidate) known++;
      if (known === MAX_CANDIDATES) continue;
      if (known === candidates) {
        this.#pages[candidates] = candidate;
        this.#votes[candidates] = 0;
        candidates++;
      }
      this.#votes[known] = (this.#votes[known] ?? 0) + 1;
    }
    for (let place = 0; place < MAX_SIMILAR_PAGES; place++) into[place] = this.#take(candidates);
  }

  // The candidate with the most votes, which it then has no more, or −1.
  #take(candidates: number): number {
    let winner = -1;
    let most = MIN_COMMON - 1;
    for (let at = 0; at < candidates; at++) {
      const votes = this.#votes[at] ?? 0;
      if (votes > most) {
        most = votes;
        winner = at;
      }
    }
    if (winner < 0) return -1;
    this.#votes[winner] = 0;
    return this.#pages[winner] ?? -1;
  }
}
