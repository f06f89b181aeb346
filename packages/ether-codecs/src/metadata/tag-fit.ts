import { isWellFormed, utf8Length } from "@proj/wire-types";
import type { Tag } from "../codec.js";

/** Most bytes of a tag's parts. spec/xcp.md §4 */
const MAX_KEY_BYTES = 128;
const MAX_VALUE_BYTES = 4096;

/** Of a header's 64 tags, `xcp.len` and `xcp.ack` belong to the session. spec/xcp.md §4 */
const MAX_TAGS = 62;

/** Receivers refuse headers above 16 384 bytes by default; some of them are a schema key and the session's tags. §3 */
const MAX_BYTES = 15_872;

// Two pointers, two ends of text and their padding.
const OVERHEAD_BYTES = 32;

/** Tells why a header does not hold these tags beside what it needs itself; `undefined` where it does. */
export function tagProblem(tags: readonly Tag[]): string | undefined {
  if (tags.length > MAX_TAGS) return `it needs ${tags.length} tags, ${MAX_TAGS} fit`;
  let bytes = 0;
  for (const { key, val } of tags) {
    if (!isWellFormed(key) || !isWellFormed(val)) return "a tag holds a lone surrogate";
    const keyBytes = utf8Length(key);
    const valueBytes = utf8Length(val);
    if (keyBytes > MAX_KEY_BYTES || valueBytes > MAX_VALUE_BYTES) {
      return `a tag of ${keyBytes} + ${valueBytes} bytes does not fit a header`;
    }
    bytes += keyBytes + valueBytes + OVERHEAD_BYTES;
  }
  return bytes > MAX_BYTES ? `it needs tags of ${bytes} bytes, ${MAX_BYTES} fit` : undefined;
}
