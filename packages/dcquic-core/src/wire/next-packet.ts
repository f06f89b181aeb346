import { CHUNK_HEADER_BYTES, HEADER_BYTES } from "./constants.js";
import { highWord } from "./id64.js";

const WORD = 2 ** 32;
const WORD_BYTES = 4;
const CREDENTIAL_END = 24;
const NUMBER = 24;
// Numbers of 2^53 or more are broken.
const NUMBER_HIGH_END = 2 ** 21;
const AFTER_NUMBER = 32;
const WIRE_OFFSET = HEADER_BYTES + 8;

/**
 * Writes the headers of packet and chunk of the DATA packet at `to`, which says the same as the one at `from` but for its number
 * and for where its bytes belong.
 *
 * @see spec/dcquic.md §17.2, §17.5
 */
export function repeatDataHeaders(
  view: DataView,
  from: number,
  to: number,
  packetNumber: number,
  wireOffset: number,
): void {
  // Both ends say which byte order they mean: the words stay as they are.
  for (let at = 0; at < HEADER_BYTES + CHUNK_HEADER_BYTES; at += WORD_BYTES) {
    view.setUint32(to + at, view.getUint32(from + at, true), true);
  }
  view.setUint32(to + NUMBER, packetNumber % WORD, true);
  view.setUint32(to + NUMBER + WORD_BYTES, highWord(packetNumber), true);
  view.setUint32(to + WIRE_OFFSET, wireOffset % WORD, true);
  view.setUint32(to + WIRE_OFFSET + WORD_BYTES, highWord(wireOffset), true);
}

/** Where the bytes belong of the first chunk in the DATA packet at `from`, which is not encrypted. */
export function wireOffsetAt(view: DataView, from: number): number {
  const low = view.getUint32(from + WIRE_OFFSET, true);
  return low + WORD * view.getUint32(from + WIRE_OFFSET + WORD_BYTES, true);
}

/**
 * Whether the header at `to` says the same as the one at `from`, which was read, but that its packet has the number
 * `packetNumber`. There must be room for a header at both.
 */
export function isHeaderRepeated(
  view: DataView,
  from: number,
  to: number,
  packetNumber: number,
): boolean {
  for (let at = 0; at < CREDENTIAL_END; at += WORD_BYTES) {
    if (view.getUint32(to + at, true) !== view.getUint32(from + at, true)) return false;
  }
  for (let at = AFTER_NUMBER; at < HEADER_BYTES; at += WORD_BYTES) {
    if (view.getUint32(to + at, true) !== view.getUint32(from + at, true)) return false;
  }
  const low = view.getUint32(to + NUMBER, true);
  const high = view.getUint32(to + NUMBER + WORD_BYTES, true);
  return high < NUMBER_HIGH_END && low + WORD * high === packetNumber;
}
