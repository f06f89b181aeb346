import { decodeUtf8, utf8Length } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { MAX_TAG_KEY_BYTES, MAX_TAG_VALUE_BYTES, MAX_TAGS } from "./constants.js";
import { type MsgId, NO_TAGS, type Tag, toMsgId } from "./header.js";

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/**
 * Reads the members of a JSON header, which an untrusted peer wrote.
 *
 * Of duplicate members the last one wins; unknown members are ignored; a member named `__proto__` is one of them.
 *
 * @throws XcpError `xcp.header_malformed` from every method.
 * @see spec/xcp.md §5.1
 */
export class JsonHeaderReader {
  readonly #text: string;
  readonly #members: object;

  /** Parses `bytes`: the text of one object. */
  constructor(bytes: Uint8Array) {
    try {
      this.#text = decodeUtf8(bytes);
      this.#members = objectOf(JSON.parse(this.#text), "the header");
    } catch (cause) {
      throw malformed("the header is not a JSON object", cause);
    }
  }

  /** The integer 0..`max` of a member. */
  integer(name: string, max: number, absent: number): number {
    return integerOf(this.#members, name, max, absent);
  }

  /** The id of a member, 0 when absent, without going through a double. */
  id(name: string): MsgId {
    const value = memberOf(this.#members, name);
    if (value === undefined) return 0;
    if (typeof value !== "number" || value < 0) throw malformed(`${name} is not an id`);
    if (Number.isSafeInteger(value)) return value;
    const token = lastNumber(this.#text, name);
    const exact = /^\d{1,20}$/.test(token) ? BigInt(token) : MAX_U64 + 1n;
    if (exact > MAX_U64) throw malformed(`${name} is not an integer up to 2^64-1`);
    return toMsgId(exact);
  }

  /** The object of a member, `undefined` when absent. */
  object(name: string): object | undefined {
    const value = memberOf(this.#members, name);
    return value === undefined ? undefined : objectOf(value, name);
  }

  /** The tags, none when absent. */
  tags(): readonly Tag[] {
    const value = memberOf(this.#members, "tags");
    if (value === undefined) return NO_TAGS;
    if (!Array.isArray(value) || value.length > MAX_TAGS) {
      throw malformed(`tags is not a list of at most ${MAX_TAGS}`);
    }
    const tags: readonly unknown[] = value;
    if (tags.length === 0) return NO_TAGS;
    return tags.map((tag) => {
      const members = objectOf(tag, "a tag");
      return {
        key: textOf(members, "key", MAX_TAG_KEY_BYTES),
        val: textOf(members, "val", MAX_TAG_VALUE_BYTES),
      };
    });
  }
}

/** The integer 0..`max` of a member of `members`. @throws XcpError `xcp.header_malformed` */
export function integerOf(members: object, name: string, max: number, absent: number): number {
  const value = memberOf(members, name) ?? absent;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) {
    return value;
  }
  throw malformed(`${name} is not an integer up to ${max}`);
}

/** The text of a member of `members`, empty when absent. @throws XcpError `xcp.header_malformed` */
export function textOf(members: object, name: string, maxBytes: number): string {
  const value = memberOf(members, name) ?? "";
  if (typeof value === "string" && utf8Length(value) <= maxBytes) return value;
  throw malformed(`${name} is not a text of at most ${maxBytes} bytes`);
}

function memberOf(members: object, name: string): unknown {
  return Object.hasOwn(members, name) ? (members as Record<string, unknown>)[name] : undefined;
}

function objectOf(value: unknown, what: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw malformed(`${what} is not an object`);
}

// The digits of the last top-level member `name` of `text`, which is known to be the JSON of an object where that
// member is a number.
function lastNumber(text: string, name: string): string {
  let depth = 0;
  let found = "";
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gy;
  const value = /\s*:\s*(-?[\d.eE+-]+)/y;
  const between = /[^"[\]{}]*/gy;
  for (let at = 0; at < text.length;) {
    between.lastIndex = at;
    between.exec(text);
    token.lastIndex = between.lastIndex;
    const match = token.exec(text)?.[0];
    if (match === undefined) break;
    at = token.lastIndex;
    if (match === "{" || match === "[") depth++;
    else if (match === "}" || match === "]") depth--;
    else if (depth === 1 && JSON.parse(match) === name) {
      value.lastIndex = at;
      found = value.exec(text)?.[1] ?? found;
    }
  }
  return found;
}

function malformed(message: string, cause?: unknown): XcpError {
  return new XcpError("xcp.header_malformed", message, { cause });
}
