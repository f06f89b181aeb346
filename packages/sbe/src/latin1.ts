/** Turns each byte into the character of the same number. */
export function formatLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/**
 * Writes each character as one byte at `at` of `view`; the caller has checked that they fit.
 *
 * @throws `RangeError` for a character above U+00FF.
 */
export function writeLatin1(view: DataView, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new RangeError(`${JSON.stringify(text)} is not US-ASCII text`);
    view.setUint8(at + index, code);
  }
}
