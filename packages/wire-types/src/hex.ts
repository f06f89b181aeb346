import { wireError } from "./errors.js";
import { asciiOf, decodeUtf8, encodeUtf8 } from "./utf8.js";

// Tables are made without the encoder, which not every host has.
const digits = asciiOf("0123456789abcdef");
// The value of every digit in either case; anything else is negative.
const values = new Int8Array(256).fill(-1);
for (const text of ["0123456789abcdef", "0123456789ABCDEF"]) {
  for (const [value, digit] of asciiOf(text).entries()) values[digit] = value;
}

/** Formats bytes as lowercase hex digits. */
export function formatHex(bytes: Uint8Array): string {
  const text = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    text[2 * i] = digits[byte >> 4] ?? 0;
    text[2 * i + 1] = digits[byte & 15] ?? 0;
  }
  return decodeUtf8(text);
}

/**
 * Parses hex digits of either case.
 *
 * @throws WireError `wire.invalid_text`
 */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const encoded = encodeUtf8(text);
  if (encoded.length !== text.length || text.length % 2 !== 0) throw invalid(text);
  const bytes = new Uint8Array(text.length / 2);
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = (valueAt(encoded, 2 * i) << 4) | valueAt(encoded, 2 * i + 1);
    seen |= byte;
    bytes[i] = byte;
  }
  if (seen < 0) throw invalid(text);
  return bytes;
}

function valueAt(encoded: Uint8Array, index: number): number {
  return values[encoded[index] ?? 0] ?? -1;
}

function invalid(text: string): Error {
  return wireError("wire.invalid_text", `not hex: ${text.length} characters`);
}
