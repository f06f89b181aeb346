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
  if (text.startsWith(PULL)) return parsePull(text) ?? JSON.parse(text);
  const tree = text.length < LONG_BYTES ? undefined : parseAround(text);
  return tree === undefined ? JSON.parse(text) : tree;
}

const PULL = '["pull",';
const MAX_PULL_DIGITS = 9;

/** Reads the most frequent of the messages that have one form only; `undefined` if it has another. */
function parsePull(text: string): readonly ["pull", number] | undefined {
  const end = text.length - 1;
  const digits = end - PULL.length;
  if (digits < 1 || digits > MAX_PULL_DIGITS || text[end] !== "]") return undefined;
  let id = 0;
  for (let at = PULL.length; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9 || (id === 0 && digit === 0)) return undefined;
    id = id * 10 + digit;
  }
  return ["pull", id];
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
