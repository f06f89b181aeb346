/** What JSON text can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Levels of lists and objects that {@link canonicalJson} follows before it gives up. */
const MAX_DEPTH = 256;

/**
 * Writes the canonical form of a JSON value: members sorted by UTF-16 code units, ECMAScript numbers, no white space.
 *
 * @throws TypeError for what JSON cannot say: NaN, infinities, lone surrogates, `undefined`, more than 256 levels.
 * @see spec/xcp.md §18, RFC 8785
 */
export function canonicalJson(value: Json): string {
  return write(value, 0);
}

/** Tells whether `value` is a JSON object. */
export function isJsonObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function write(value: Json, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`more than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
    return value === 0 ? "0" : String(value);
  }
  if (typeof value !== "object") throw new TypeError(`JSON has no ${typeof value}`);
  if (Array.isArray(value)) {
    return `[${value.map((item: Json) => write(item, depth + 1)).join(",")}]`;
  }
  const members = Object.entries(value as { readonly [key: string]: Json })
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${writeText(key)}:${write(member, depth + 1)}`);
  return `{${members.join(",")}}`;
}

function writeText(text: string): string {
  if (!text.isWellFormed()) throw new TypeError("a lone surrogate has no UTF-8 form");
  return JSON.stringify(text);
}
