import { crc32 } from "../wire/crc32.js";
import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";
import { CHUNK_AVERAGE_BYTES, cutChunks } from "./fast-cdc.js";
import { CopyBuilder } from "./matching.js";

const READ_BYTES = 1_048_576;

/** Where the chunks of a baseline begin, by a hash of their first bytes and their length. spec/dwcp.md B11 */
export class ChunkIndex {
  readonly average: number;
  readonly #starts = new Map<number, number>();

  /** Cuts all of `baseline`. */
  constructor(baseline: ByteSource, average: number = CHUNK_AVERAGE_BYTES) {
    this.average = average;
    let at = 0;
    while (at < baseline.length) {
      const piece = baseline.read(at, Math.min(READ_BYTES, baseline.length - at));
      const cuts = cutChunks(piece, average);
      // The last cut of a piece is made by its end, not by content: the next piece begins there instead.
      const isLast = at + piece.length === baseline.length;
      const kept = isLast || cuts.length === 1 ? cuts : cuts.slice(0, -1);
      let start = 0;
      for (const cut of kept) {
        this.#starts.set(keyOf(piece.subarray(start, cut)), at + start);
        start = cut;
      }
      at += start;
    }
  }

  /** Gives where a chunk that may be equal begins, or `undefined`. */
  find(chunk: Uint8Array): number | undefined {
    return this.#starts.get(keyOf(chunk));
  }
}

/** Finds copies by cutting the new bytes as the baseline was cut. spec/dwcp.md B11 */
export function matchChunks(
  raw: Uint8Array,
  rawOffset: number,
  baseline: ByteSource,
  index: ChunkIndex,
): readonly CopyOp[] {
  const builder = new CopyBuilder(raw, baseline, rawOffset);
  let start = 0;
  for (const cut of cutChunks(raw, index.average)) {
    if (start >= builder.done) {
      const found = index.find(raw.subarray(start, cut));
      if (found === undefined || !builder.tryCopy(start, found)) builder.tryDiagonal(start);
    }
    start = cut;
  }
  return builder.finish();
}

// The bytes decide in the end, so a short hash of a part is enough.
function keyOf(chunk: Uint8Array): number {
  return crc32(chunk.subarray(0, 256)) * 2 ** 16 + (chunk.length & 0xffff);
}
