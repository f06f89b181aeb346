import type { AnchorIndex } from "./anchor-index.js";
import type { AnchorScan } from "./gear.js";

/** The most similar pages that one page brings into a prefix. spec/dwcp.md B10 */
const MAX_SIMILAR_PAGES = 4;

// One common anchor may be chance or boilerplate.
const MIN_COMMON = 2;
const MAX_CANDIDATES = 64;

/**
 * Finds the pages of a baseline that have the most anchors in common with a page.
 *
 * @see spec/dwcp.md B10
 */
export class SimilarPages {
  readonly #pageBytes: number;
  readonly #pages = new Int32Array(MAX_CANDIDATES);
  readonly #votes = new Int32Array(MAX_CANDIDATES);

  /** `pageBytes` is the size of a page, of the OFFER. */
  constructor(pageBytes: number) {
    this.#pageBytes = pageBytes;
  }

  /**
   * Gives up to {@link MAX_SIMILAR_PAGES} page numbers, the most similar first, without `except`.
   *
   * @param first The page's first anchor in `scan`, and `end` the one behind its last.
   */
  find(scan: AnchorScan, first: number, end: number, index: AnchorIndex, except: number): number[] {
    let candidates = 0;
    for (let at = first; at < end; at++) {
      const position = index.find(scan.hashes[at] ?? 0);
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
    return this.#best(candidates);
  }

  #best(candidates: number): number[] {
    const best: number[] = [];
    while (best.length < MAX_SIMILAR_PAGES) {
      let winner = -1;
      let most = MIN_COMMON - 1;
      for (let at = 0; at < candidates; at++) {
        const votes = this.#votes[at] ?? 0;
        if (votes > most) {
          most = votes;
          winner = at;
        }
      }
      if (winner < 0) break;
      best.push(this.#pages[winner] ?? 0);
      this.#votes[winner] = 0;
    }
    return best;
  }
}
