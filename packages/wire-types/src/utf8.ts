import { wireError } from "./errors.js";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes `text`. A lone surrogate becomes U+FFFD; refuse it beforehand where that matters. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Encodes `text` into `into`, which is at least {@link utf8Length} bytes long. */
export function encodeUtf8Into(text: string, into: Uint8Array): void {
  encoder.encodeInto(text, into);
}

/**
 * Decodes UTF-8 and keeps a byte order mark as a character.
 *
 * @throws WireError `wire.invalid_utf8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length < 24) {
    const text = decodeAscii(bytes);
    if (text !== undefined) return text;
  }
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw wireError("wire.invalid_utf8", `${bytes.length} bytes are not UTF-8`, { cause });
  }
}

/** Bytes that `text` takes as UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      length += 2;
      i++;
    } else length += 2;
  }
  return length;
}

/** Tells whether `text` has no lone surrogate and so survives UTF-8. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

// Crossing into the decoder costs more than the loop for the short ASCII strings of headers.
function decodeAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
