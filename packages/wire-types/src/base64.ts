import { wireError } from "./errors.js";
import { asciiOf, decodeUtf8, encodeUtf8 } from "./utf8.js";

const PADDING = 0x3d;
const digits = asciiOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
// The value of every digit; anything else is negative, and stays so when shifted and joined.
const values = new Int8Array(256).fill(-1);
for (const [value, digit] of digits.entries()) values[digit] = value;

/** Formats bytes as padded base64 (RFC 4648 §4). */
export function formatBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  const whole = bytes.length - (bytes.length % 3);
  let to = 0;
  for (let from = 0; from < whole; from += 3) {
    const group =
      (byteAt(bytes, from) << 16) | (byteAt(bytes, from + 1) << 8) | byteAt(bytes, from + 2);
    text[to] = byteAt(digits, group >> 18);
    text[to + 1] = byteAt(digits, (group >> 12) & 63);
    text[to + 2] = byteAt(digits, (group >> 6) & 63);
    text[to + 3] = byteAt(digits, group & 63);
    to += 4;
  }
  if (whole < bytes.length) {
    const pair = whole + 1 < bytes.length;
    const group = (byteAt(bytes, whole) << 8) | (pair ? byteAt(bytes, whole + 1) : 0);
    text[to] = byteAt(digits, group >> 10);
    text[to + 1] = byteAt(digits, (group >> 4) & 63);
    text[to + 2] = pair ? byteAt(digits, (group << 2) & 63) : PADDING;
    text[to + 3] = PADDING;
  }
  return decodeUtf8(text);
}

/**
 * Parses padded base64 (RFC 4648 §4), refusing white space and stray bits.
 *
 * @throws WireError `wire.invalid_text`
 */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const encoded = encodeUtf8(text);
  if (encoded.length !== text.length || text.length % 4 !== 0) throw invalid(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const whole = padding === 0 ? text.length : text.length - 4;
  let to = 0;
  let seen = 0;
  for (let from = 0; from < whole; from += 4) {
    const group = readGroup(encoded, from);
    seen |= group;
    bytes[to] = group >> 16;
    bytes[to + 1] = group >> 8;
    bytes[to + 2] = group;
    to += 3;
  }
  if (padding > 0) {
    // The last group as if its padding were zeros: what is below its bytes must be zero.
    encoded.fill(byteAt(digits, 0), encoded.length - padding);
    const group = readGroup(encoded, whole);
    if ((group & (padding === 2 ? 0xffff : 0xff)) !== 0) throw invalid(text);
    seen |= group;
    bytes[to] = group >> 16;
    if (padding === 1) bytes[to + 1] = group >> 8;
  }
  if (seen < 0) throw invalid(text);
  return bytes;
}

// 24 bits, or a negative number when one of the four is no digit.
function readGroup(encoded: Uint8Array, at: number): number {
  return (
    (valueOf(byteAt(encoded, at)) << 18) |
    (valueOf(byteAt(encoded, at + 1)) << 12) |
    (valueOf(byteAt(encoded, at + 2)) << 6) |
    valueOf(byteAt(encoded, at + 3))
  );
}

function valueOf(digit: number): number {
  return values[digit] as number;
}

// Callers stay inside the array, and megabytes pass here: no check.
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

function invalid(text: string): Error {
  return wireError("wire.invalid_text", `not base64: ${text.length} characters`);
}
