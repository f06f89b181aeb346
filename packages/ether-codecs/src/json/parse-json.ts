import { decodeUtf8, parseBase64 } from "@proj/wire-types";
import { AttachmentRef } from "../attachment.js";
import { decoding, EtherError } from "../errors.js";
import type { EtherLimits } from "../limits.js";
import { emptyMap, type Value, type ValueMap } from "../value.js";

/** Levels around a value: the Ether itself, and the object that holds base64 text. */
const ENVELOPE_LEVELS = 2;

/**
 * Parses UTF-8 JSON text after counting its levels and values against `limits`.
 *
 * One byte order mark is skipped. Of duplicate members the last wins, as `JSON.parse` has it.
 *
 * @throws EtherError `ether.body_malformed` for anything but JSON; `ether.too_large` above a limit.
 * @see spec/xcp.md §14.1
 */
export function parseJson(bytes: Uint8Array, limits: EtherLimits): unknown {
  const text = hasByteOrderMark(bytes) ? bytes.subarray(3) : bytes;
  measureJson(text, limits);
  return decoding("ether.body_malformed", () => {
    try {
      return JSON.parse(decodeUtf8(text)) as unknown;
    } catch (cause) {
      // V8 quotes the text in its message; a body's content does not belong in an error.
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new EtherError("ether.body_malformed", `${text.length} bytes are not JSON`);
    }
  });
}

/**
 * Turns what `JSON.parse` gave into an Ether's value.
 *
 * Maps have no prototype, so no key can reach one; lists of numbers are kept as they are.
 *
 * @param level The level of `json` itself, if it is a list or map.
 * @throws EtherError `ether.body_malformed` for numbers beyond a double, lone surrogates, broken `$b64` and `$att`;
 * `ether.too_large` beyond `maxNesting`.
 */
export function valueFromJson(json: unknown, level: number, maxNesting: number): Value {
  if (typeof json === "string") return wellFormed(json);
  if (typeof json === "number") {
    if (!Number.isFinite(json)) throw malformed("a number is beyond the range of a double");
    return json;
  }
  if (json === null || typeof json === "boolean") return json;
  if (Array.isArray(json)) return listFromJson(json, level, maxNesting);
  return objectFromJson(json as object, level, maxNesting);
}

/** Turns a parsed JSON object into a map without a prototype. @throws as {@link valueFromJson}. */
export function mapFromJson(json: object, level: number, maxNesting: number): ValueMap {
  if (level > maxNesting) throw tooDeep(maxNesting);
  const map = emptyMap();
  for (const [key, member] of Object.entries(json) as [string, unknown][]) {
    map[wellFormed(key)] = valueFromJson(member, level + 1, maxNesting);
  }
  return map;
}

function objectFromJson(json: object, level: number, maxNesting: number): Value {
  const keys = Object.keys(json);
  if (keys.length === 1) {
    const [key] = keys;
    const only: unknown = Object.values(json)[0];
    if (key === "$b64") {
      if (typeof only !== "string") throw malformed("$b64 holds no text");
      return base64FromJson(only);
    }
    if (key === "$att") {
      if (typeof only !== "string") throw malformed("$att holds no text");
      return new AttachmentRef(wellFormed(only));
    }
  }
  return mapFromJson(json, level, maxNesting);
}

function listFromJson(json: readonly unknown[], level: number, maxNesting: number): Value {
  if (level > maxNesting) throw tooDeep(maxNesting);
  return json.map((item) => valueFromJson(item, level + 1, maxNesting));
}

/** Decodes padded base64. @throws EtherError `ether.body_malformed` */
export function base64FromJson(text: string): Uint8Array {
  return decoding("ether.body_malformed", () => parseBase64(text));
}

/** Passes text that survives UTF-8. @throws EtherError `ether.body_malformed` for a lone surrogate. */
export function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw malformed("a lone surrogate");
  return text;
}

// Counts levels and values without building any. Whatever is not JSON is left for the parser to refuse.
function measureJson(bytes: Uint8Array, limits: EtherLimits): void {
  const deepest = limits.maxNesting + ENVELOPE_LEVELS;
  let level = 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) i = endOfText(bytes, i);
    else if (byte === 0x2c || byte === 0x3a) values++;
    else if (byte === 0x5b || byte === 0x7b) {
      values++;
      if (++level > deepest) throw tooDeep(limits.maxNesting);
    } else if (byte === 0x5d || byte === 0x7d) level--;
    if (values > limits.maxValues) {
      throw new EtherError("ether.too_large", `more than ${limits.maxValues} values`);
    }
  }
}

// Index of the quote that ends the text beginning at `start`.
function endOfText(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== 0x22) i += bytes[i] === 0x5c ? 2 : 1;
  return i;
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function tooDeep(maxNesting: number): EtherError {
  return new EtherError("ether.too_large", `more than ${maxNesting} levels of lists and maps`);
}

function malformed(what: string): EtherError {
  return new EtherError("ether.body_malformed", `JSON: ${what}`);
}
