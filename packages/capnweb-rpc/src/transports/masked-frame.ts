import type { RandomSource } from "@proj/wire-types";

/** What {@link maskTextFrame} needs before the text: the longest head of a masked frame, and two bytes. */
export const FRAME_ROOM = 16;

// RFC 6455 §5.2: the last frame of a message of text; masked, its length in the next 2 or 8 bytes.
const TEXT = 0x81;
const MASKED_16 = 0x80 | 126;
const MASKED_64 = 0x80 | 127;
/** Shorter ones have heads of a form of their own. */
const MIN_LENGTH = 126;

/**
 * Makes a client's text frame of the UTF-8 that follows the first {@link FRAME_ROOM} bytes of
 * `buffer`, in place, four bytes at a time. `buffer` begins where its memory begins. Answers a view.
 *
 * @param random Gives the mask, which nobody may be able to foresee: RFC 6455 §10.3.
 * @throws RangeError for text of less than 126 bytes.
 */
export function maskTextFrame(buffer: Uint8Array<ArrayBuffer>, random: RandomSource): Uint8Array {
  const length = buffer.length - FRAME_ROOM;
  if (length < MIN_LENGTH) throw new RangeError(`text of ${length} bytes, at least ${MIN_LENGTH}`);
  const mask = new Uint8Array(4);
  random.fill(mask);
  const start = FRAME_ROOM - 4 - (length > 0xffff ? 10 : 4);
  const head = new DataView(buffer.buffer, buffer.byteOffset);
  head.setUint8(start, TEXT);
  if (length > 0xffff) {
    head.setUint8(start + 1, MASKED_64);
    head.setBigUint64(start + 2, BigInt(length));
  } else {
    head.setUint8(start + 1, MASKED_16);
    head.setUint16(start + 2, length);
  }
  buffer.set(mask, FRAME_ROOM - 4);
  applyMask(buffer, mask);
  return buffer.subarray(start);
}

function applyMask(buffer: Uint8Array<ArrayBuffer>, mask: Uint8Array<ArrayBuffer>): void {
  const words = new Int32Array(buffer.buffer, FRAME_ROOM, (buffer.length - FRAME_ROOM) >> 2);
  const word = new Int32Array(mask.buffer)[0] ?? 0;
  for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) ^ word;
  for (let at = FRAME_ROOM + 4 * words.length; at < buffer.length; at++) {
    buffer[at] = (buffer[at] ?? 0) ^ (mask[at & 3] ?? 0);
  }
}
