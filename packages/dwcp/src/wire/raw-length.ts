/** Longer than any object is: how long one may be whose length nobody knows yet. spec/dwcp.md B4 */
export const ANY_LENGTH: number = Number.MAX_SAFE_INTEGER;

/** Answers how long an object may be, in bytes; `rawLength` is -1 where it is not known yet. */
export function mostBytes(rawLength: number): number {
  return rawLength < 0 ? ANY_LENGTH : rawLength;
}
