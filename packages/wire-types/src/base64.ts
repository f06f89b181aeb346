import { wireError } from "./errors.js";
import { encodeUtf8 } from "./utf8.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const codes = encodeUtf8(alphabet);
const values = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

const ascii = new TextDecoder();

/** Formats bytes as padded base64 (RFC 4648 §4). */
export function formatBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(0x3d);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[at] = codes[group >> 18] ?? 0;
    text[at + 1] = codes[(group >> 12) & 63] ?? 0;
    if (left > 1) text[at + 2] = codes[(group >> 6) & 63] ?? 0;
    if (left > 2) text[at + 3] = codes[group & 63] ?? 0;
    at += 4;
  }
  return ascii.decode(text);
}

/**
 * Parses padded base64 (RFC 4648 §4), refusing white space and stray bits.
 *
 * @throws WireError `wire.invalid_text`
 */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0) throw invalid(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < digits; i++) {
    const value = values[text.charCodeAt(i)] ?? -1;
    if (value < 0) throw invalid(text);
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  if ((held & ((1 << bits) - 1)) !== 0) throw invalid(text);
  return bytes;
}

function invalid(text: string): Error {
  return wireError("wire.invalid_text", `not base64: ${text.length} characters`);
}
