/** Estimates, rather too high, what a message takes where its transport does not say. §2.6 */
export function estimateSize(value: unknown, seen: Set<object> = new Set()): number {
  if (typeof value === "string") return 2 + 3 * value.length;
  if (typeof value !== "object" || value === null) return 16;
  if (seen.has(value)) return 0;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return 16 + value.byteLength;
  let size = 16;
  for (const [key, member] of Object.entries(value)) {
    size += 8 + (Array.isArray(value) ? 0 : 3 * key.length) + estimateSize(member, seen);
  }
  return size;
}
