/** Estimates, rather too high, what a message takes where its transport does not say. §2.6 */
export function estimateSize(value: unknown): number {
  const seen = new Set<object>();
  // Not by recursion: what a peer sent may be nested as deeply as it likes.
  const open = [value];
  let size = 0;
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") size += 2 + 3 * next.length;
    else if (typeof next !== "object" || next === null) size += 16;
    else if (!seen.has(next)) {
      seen.add(next);
      size += 16;
      if (ArrayBuffer.isView(next)) size += next.byteLength;
      else size += measureMembers(next, open);
    }
  }
  return size;
}

/** Measures what holds the members, and leaves those for later. */
function measureMembers(container: object, open: unknown[]): number {
  let size = 0;
  const named = !Array.isArray(container);
  for (const [key, member] of Object.entries(container)) {
    size += 8 + (named ? 3 * key.length : 0);
    open.push(member);
  }
  return size;
}
