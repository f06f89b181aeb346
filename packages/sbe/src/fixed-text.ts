import { formatLatin1, writeLatin1 } from "./latin1.js";

/** Reads text of a fixed length, up to the first zero byte. */
export function readFixedText(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  const end = bytes.indexOf(0);
  return formatLatin1(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Writes text of a fixed length, with zeros behind it. @throws `RangeError` for text that is longer. */
export function writeFixedText(view: DataView, at: number, length: number, text: string): void {
  if (text.length > length) {
    throw new RangeError(`${text.length} characters in a field of ${length}`);
  }
  new Uint8Array(view.buffer, view.byteOffset + at, length).fill(0);
  writeLatin1(view, at, text);
}
