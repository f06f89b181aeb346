import { wireError } from "./errors.js";

// Made when they are first needed: not every host has both, and whoever needs neither can do without.
let encoder: TextEncoder | undefined;
let strict: TextDecoder | undefined;

// Crossing into the runtime's decoder and encoder costs about 100 ns: for short ASCII a loop is faster.
const SHORT_DECODE_BYTES = 8;
const SHORT_ENCODE_BYTES = 32;

/** Encodes `text`. A lone surrogate becomes U+FFFD; refuse it beforehand where that matters. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

/**
 * Encodes `text` into `into` from `offset` on, as {@link encodeUtf8} does, and returns its length in bytes.
 *
 * @param size The text's {@link utf8Length}, when it is known already.
 * @throws RangeError when `into` is too short.
 */
export function encodeUtf8Into(
  text: string,
  into: Uint8Array,
  offset = 0,
  size: number = utf8Length(text),
): number {
  if (size > into.length - offset) throw new RangeError(`${size} bytes of text do not fit`);
  if (size === text.length && size <= SHORT_ENCODE_BYTES) {
    for (let i = 0; i < size; i++) into[offset + i] = text.charCodeAt(i);
  } else {
    encoder ??= new TextEncoder();
    encoder.encodeInto(text, into.subarray(offset, offset + size));
  }
  return size;
}

/**
 * Decodes UTF-8 and keeps a byte order mark as a character.
 *
 * @throws WireError `wire.invalid_utf8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_DECODE_BYTES) {
    const text = decodeAscii(bytes);
    if (text !== undefined) return text;
  }
  strict ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(unshared(bytes));
  } catch (cause) {
    throw wireError("wire.invalid_utf8", `${bytes.length} bytes are not UTF-8`, { cause });
  }
}

/** Encodes `text` of ASCII characters without the host's encoder, for what is made at load time. */
export function asciiOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
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

function decodeAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

// Browsers do not decode shared memory, which another thread could change meanwhile.
function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
