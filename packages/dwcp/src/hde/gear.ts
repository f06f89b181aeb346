import { SeededRandom } from "@proj/wire-types";

/** Where the top this many bits of the rolling hash are 0, there is an anchor: about one per 128 bytes. spec/dwcp.md B10 */
const ANCHOR_BITS = 7;
const NO_ANCHOR = -1 << (32 - ANCHOR_BITS);
const STEP_BYTES = 8_192;
// So many bytes back the hash depends on.
const HASHED_BYTES = 32;

// Any numbers will do, if both never change within a process and no byte that repeats makes anchors of itself.
const SEED = 0x44574350;

/** One number per byte value; `h = (h << 1) + gear[byte]` then depends on the last 32 bytes. spec/dwcp.md B11 */
export const gear: Int32Array = makeGear();

/** The anchors of a piece: positions and hashes side by side. */
export class AnchorScan {
  /** How many there are. */
  count = 0;
  /** Where each ends, from the start of the piece. */
  positions: Int32Array = new Int32Array(2 * STEP_BYTES);
  /** The hash of the 32 bytes that end there. */
  hashes: Int32Array = new Int32Array(2 * STEP_BYTES);

  /** Finds the anchors of `bytes`, forgetting those before. */
  scan(bytes: Uint8Array): void {
    // A binding of the module is looked up each time: in a loop over every byte that is half of the time.
    const table = gear;
    const words = wordsOf(bytes);
    let hash = 0;
    let count = 0;
    for (let start = 0; start < bytes.length; start += STEP_BYTES) {
      // Room for an anchor at every byte: to ask there costs a third of the speed.
      if (count + STEP_BYTES > this.positions.length) this.#grow();
      const { positions, hashes } = this;
      const end = Math.min(bytes.length, start + STEP_BYTES);
      const isZero = words !== undefined && end - start === STEP_BYTES && areZero(words, start / 4);
      // Behind its first bytes, a stretch of zeros has no anchors.
      const stop = isZero ? start + HASHED_BYTES : end;
      for (let at = start; at < stop; at++) {
        hash = ((hash << 1) + (table[bytes[at] ?? 0] ?? 0)) | 0;
        if ((hash & NO_ANCHOR) !== 0) continue;
        positions[count] = at + 1;
        hashes[count] = hash;
        count++;
      }
    }
    this.count = count;
  }

  #grow(): void {
    for (const name of ["positions", "hashes"] as const) {
      const larger = new Int32Array(2 * this[name].length);
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array | undefined {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : undefined;
}

function areZero(words: Int32Array, from: number): boolean {
  for (let at = from; at < from + STEP_BYTES / 4; at++) if (words[at] !== 0) return false;
  return true;
}

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
