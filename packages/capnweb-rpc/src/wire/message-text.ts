import { readBase64 } from "./base64.js";
import { PiecedText } from "./pieced-text.js";

/** From this many bytes on it pays to keep base64 away from the JSON functions, which look at every character. */
export const LONG_BYTES: number = 16 * 1024;

/** Text that is known to need no escaping. Whoever stringifies it gets the text. */
export class PlainText {
  /** The text. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** @see JSON.stringify */
  toJSON(): string {
    if (met === undefined) return this.text;
    met.push(this);
    return MARK;
  }
}

// What stands in the JSON for text that is put in afterwards.
const MARK = "capnweb:plain";

let met: PlainText[] | undefined;

/** Writes an expression as JSON, between `before` and `after`. */
export function formatMessage(
  expression: unknown,
  before: string = "",
  after: string = "",
): string | PiecedText {
  met = [];
  let json: string;
  const plain = met;
  try {
    json = JSON.stringify(expression);
  } finally {
    met = undefined;
  }
  if (plain.length === 0) return `${before}${json}${after}`;
  const pieces = `${before}${json}${after}`.split(MARK);
  // The application's own text may be the mark.
  if (pieces.length !== plain.length + 1) {
    return `${before}${JSON.stringify(expression)}${after}`;
  }
  return new PiecedText(
    pieces,
    plain.map(({ text }) => text),
  );
}

const BYTES = '["bytes","';
// A tree as large as its bytes gains nothing, and an instruction's bytes must be read anew each time.
const MAX_SKELETON = 64 * 1024;

/**
 * Reads JSON. Long `["bytes", text]` may hold the bytes already, as they do where a transport carries
 * bytes.
 *
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseMessage(message: unknown): unknown {
  // A transport may hand over anything: what is not text is not JSON either.
  const text = String(message);
  const fixed = parseFixed(text);
  if (fixed !== undefined) return fixed;
  const tree = text.length < LONG_BYTES ? undefined : parseAround(text);
  return tree === undefined ? JSON.parse(text) : tree;
}

const FIXED = ["pull", "resolve", "release"].map((tag) => ({ tag, start: `["${tag}",` }));
const MAX_DIGITS = 9;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const ZERO = 0x30;

/** Reads the messages that have one form only, or nearly so; `undefined` for any other. */
function parseFixed(text: string): readonly unknown[] | undefined {
  for (const { tag, start } of FIXED) {
    if (text.startsWith(start)) return parseNaturals(tag, text, start.length);
  }
  return undefined;
}

/** Reads one or two natural numbers and the end of the array; `undefined` if it is anything else. */
function parseNaturals(tag: string, text: string, from: number): readonly unknown[] | undefined {
  let first: number | undefined;
  let value = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code < ZERO + 10) {
      // A zero before other digits is no JSON.
      if (at - start >= MAX_DIGITS || (value === 0 && at > start)) return undefined;
      value = value * 10 + code - ZERO;
      continue;
    }
    if (at === start) return undefined;
    if (code === CLOSE) {
      if (at !== text.length - 1) return undefined;
      return first === undefined ? [tag, value] : [tag, first, value];
    }
    if (code !== COMMA || first !== undefined) return undefined;
    first = value;
    value = 0;
    start = at + 1;
  }
  return undefined;
}

/**
 * Cuts long base64 out, parses the rest and puts the bytes in; `undefined` where that is not sure to
 * give what parsing it all gives. What is cut out is a whole string of JSON without escapes, wherever
 * it stands: the rest is JSON if and only if all of it is.
 */
function parseAround(text: string): unknown {
  const found: Uint8Array[] = [];
  let skeleton = "";
  let from = 0;
  let end = 0;
  for (let at = text.indexOf(BYTES); at >= 0; at = text.indexOf(BYTES, end)) {
    const start = at + BYTES.length;
    end = text.indexOf('"', start);
    if (end < 0) return undefined;
    if (end - start < LONG_BYTES) continue;
    const bytes = exactBase64(text.slice(start, end));
    if (bytes === undefined) return undefined;
    skeleton += `${text.slice(from, at)}["bytes", ${found.push(bytes) - 1} `;
    from = end + 1;
  }
  if (found.length === 0 || skeleton.length + text.length - from > MAX_SKELETON) return undefined;
  skeleton += text.slice(from);
  if (skeleton.includes('"remap"')) return undefined;
  let tree: unknown;
  try {
    tree = JSON.parse(skeleton);
  } catch {
    // The error must speak of the text as it came.
    return undefined;
  }
  return putIn(tree, found) ? tree : undefined;
}

/** Puts the bytes where their numbers stand; false if numbers stood there before. */
function putIn(tree: unknown, found: readonly Uint8Array[]): boolean {
  let numbers = 0;
  const open = [tree];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const members = Object.values(next);
    if (Array.isArray(next) && next[0] === "bytes" && typeof next[1] === "number") {
      numbers++;
      next[1] = found[next[1]];
    } else open.push(...members);
  }
  return numbers === found.length;
}

/** Decodes base64 without a single character that does not belong there. */
function exactBase64(text: string): Uint8Array | undefined {
  let length = text.length;
  while (length > text.length - 2 && text[length - 1] === "=") length--;
  const bytes = readBase64(text);
  return length % 4 !== 1 && bytes.length === Math.floor((length * 3) / 4) ? bytes : undefined;
}
