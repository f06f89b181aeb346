import { formatBase64 } from "@proj/wire-types";
import { hostBuffers } from "./host-buffer.js";

/** Writes the standard alphabet without padding. spec/capnweb.md §5 */
export function writeBase64(bytes: Uint8Array): string {
  const text =
    hostBuffers === undefined
      ? formatBase64(bytes)
      : hostBuffers.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  if (!text.endsWith("=")) return text;
  return text.slice(0, text.endsWith("==") ? -2 : -1);
}

/**
 * Reads either alphabet, padded or not, and passes over what belongs to neither. On Node the answer
 * is a `Buffer`.
 */
export function readBase64(text: string): Uint8Array<ArrayBuffer> {
  if (hostBuffers !== undefined) return hostBuffers.from(text, "base64");
  return lenientBase64(text);
}

const digits = new Uint8Array(128).fill(255);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
for (let digit = 0; digit < 64; digit++) digits[alphabet.charCodeAt(digit)] = digit;
digits["-".charCodeAt(0)] = 62;
digits["_".charCodeAt(0)] = 63;

function lenientBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = digits[text.charCodeAt(at)] ?? 255;
    if (digit === 255) continue;
    held = (held << 6) | digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (held >> bits) & 0xff;
  }
  return bytes.slice(0, length);
}
