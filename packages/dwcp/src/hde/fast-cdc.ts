import { gear } from "./gear.js";

/** The average chunk for finding copies, in bytes. spec/dwcp.md B11 */
export const CHUNK_AVERAGE_BYTES = 8_192;

/**
 * Cuts `bytes` where their content says so, and gives the end of every chunk.
 *
 * The same bytes are cut alike wherever they lie: the state restarts at each cut. No cut comes before a quarter of the average;
 * a stricter mask holds up to it and a looser one behind; four times the average is cut in any case.
 *
 * @param average A power of two, at least 64.
 * @see spec/dwcp.md B11
 */
export function cutChunks(bytes: Uint8Array, average: number = CHUNK_AVERAGE_BYTES): number[] {
  const bits = Math.log2(average);
  if (!Number.isInteger(bits) || bits < 6) throw new RangeError(`chunks of ${average} bytes`);
  // The top bits of the hash depend on the most bytes.
  const strict = 32 - (bits + 2);
  const loose = 32 - (bits - 2);
  const cuts: number[] = [];
  const table = gear;
  let start = 0;
  while (start < bytes.length) {
    const end = Math.min(bytes.length, start + 4 * average);
    const middle = Math.min(end, start + average);
    let at = Math.min(end, start + average / 4);
    let hash = 0;
    let shift = strict;
    for (; at < end; at++) {
      if (at === middle) shift = loose;
      hash = ((hash << 1) + (table[bytes[at] ?? 0] ?? 0)) | 0;
      if (hash >>> shift === 0) {
        at++;
        break;
      }
    }
    cuts.push(at);
    start = at;
  }
  return cuts;
}
