import { type AnchorEngine, MAX_SIMILAR_PAGES, type PageQuery } from "./anchor-engine.js";
import { AnchorScan } from "./anchor-scan.js";
import { ANCHOR_BYTES, ANCHOR_MASK, gear } from "./gear.js";
import { matchAnchors } from "./match-anchors.js";
import { SimilarPages } from "./similar-pages.js";
import { placeOf, shiftOf } from "./slot-of.js";

const STEP_BYTES = 8_192;

/** The {@link AnchorEngine} that needs nothing of its platform. */
export const portableAnchors: AnchorEngine = makeEngine();

function makeEngine(): AnchorEngine {
  const indexed = new AnchorScan();
  return {
    scan,
    index(bytes, offset, least, slots) {
      const shift = shiftOf(slots);
      scan(bytes, indexed);
      for (let at = 0; at < indexed.count; at++) {
        const position = indexed.positions[at] ?? 0;
        if (position < least) continue;
        slots[placeOf(indexed.hashes[at] ?? 0, shift)] = offset + position;
      }
    },
    similar,
    match: matchAnchors,
  };
}

function similar(found: AnchorScan, query: PageQuery): Int32Array {
  const { slots, pageBytes, wanted, here } = query;
  const pages = new SimilarPages(slots, pageBytes);
  const rows = new Int32Array(wanted.length * MAX_SIMILAR_PAGES);
  let next = 0;
  for (const [page, wish] of wanted.entries()) {
    if (wish !== 1) continue;
    const start = page * pageBytes;
    while (next < found.count && (found.positions[next] ?? 0) <= start) next++;
    const first = next;
    while (next < found.count && (found.positions[next] ?? 0) <= start + pageBytes) next++;
    const except = here < 0 ? -1 : here + page;
    pages.find(found, first, next, except, rows.subarray(page * MAX_SIMILAR_PAGES));
  }
  return rows;
}

function scan(bytes: Uint8Array, into: AnchorScan): void {
  // A binding of the module is looked up each time: in a loop over every byte that is half of the time.
  const table = gear;
  const words = wordsOf(bytes);
  let hash = 0;
  let count = 0;
  for (let start = 0; start < bytes.length; start += STEP_BYTES) {
    // Room for an anchor at every byte: to ask there costs a third of the speed.
    if (count + STEP_BYTES > into.positions.length) into.grow(count + STEP_BYTES);
    const { positions, hashes } = into;
    const end = Math.min(bytes.length, start + STEP_BYTES);
    const isZero = words !== undefined && end - start === STEP_BYTES && areZero(words, start / 4);
    // Behind its first bytes, a stretch of zeros has no anchors.
    const stop = isZero ? start + ANCHOR_BYTES : end;
    for (let at = start; at < stop; at++) {
      hash = ((hash << 1) + (table[bytes[at] ?? 0] ?? 0)) | 0;
      if ((hash & ANCHOR_MASK) !== 0) continue;
      positions[count] = at + 1;
      hashes[count] = hash;
      count++;
    }
  }
  into.count = count;
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array | undefined {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : undefined;
}

function areZero(words: Int32Array, from: number): boolean {
  for (let at = from; at < from + STEP_BYTES / 4; at++) if (words[at] !== 0) return false;
  return true;
}
