import { SeededRandom } from "@proj/wire-types";

/** Where the top this many bits of the rolling hash are 0, there is an anchor: about one per 128 bytes. spec/dwcp.md B10 */
const ANCHOR_BITS = 7;

/** The bits of the rolling hash that are 0 at an anchor. */
export const ANCHOR_MASK: number = -1 << (32 - ANCHOR_BITS);

/** An anchor depends on this many bytes before it. */
export const ANCHOR_BYTES = 32;

// Any numbers will do, if both never change within a process and no byte that repeats makes anchors of itself.
const SEED = 0x44574350;

/** One number per byte value; `h = (h << 1) + gear[byte]` then depends on the last 32 bytes. spec/dwcp.md B11 */
export const gear: Int32Array = makeGear();

function makeGear(): Int32Array {
  const random = new SeededRandom(SEED);
  const table = new Int32Array(256);
  const word = new Int32Array(1);
  for (let byte = 0; byte < 256; byte++) {
    // A byte that repeats brings the hash to −gear[byte].
    do random.fill(new Uint8Array(word.buffer));
    while (-(word[0] ?? 0) >>> (32 - ANCHOR_BITS) === 0);
    table[byte] = word[0] ?? 0;
  }
  return table;
}
