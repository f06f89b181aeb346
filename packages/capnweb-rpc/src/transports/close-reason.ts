/** The close code of an aborted session. spec/capnweb.md §2.2 */
export const ABORTED = 3000;

/** What a close frame can hold of a reason. RFC 6455 §5.5 */
const MAX_BYTES = 123;

/** Cuts a reason to what a close frame holds, between code points. spec/capnweb.md §2.2 */
export function closeReason(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  let bytes = 0;
  let kept = "";
  for (const point of text) {
    const code = point.codePointAt(0) ?? 0;
    // Half a surrogate pair has no UTF-8: it would arrive as U+FFFD.
    if (code >= 0xd800 && code <= 0xdfff) continue;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > MAX_BYTES) break;
    kept += point;
  }
  return kept;
}
