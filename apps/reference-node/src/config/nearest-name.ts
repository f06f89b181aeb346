/**
 * Finds the name that was most likely meant by a misspelt one.
 *
 * @returns `undefined` when none of `names` is within two edits, or within a third of the length.
 */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const reach = Math.max(2, Math.floor(wrong.length / 3));
  let best: string | undefined;
  let bestEdits = reach + 1;
  for (const name of names) {
    const edits = editDistance(wrong.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits) [best, bestEdits] = [name, edits];
  }
  return best;
}

// Levenshtein's distance, one row at a time.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++) {
      const swap = (row[k - 1] ?? 0) + (a[i - 1] === b[k - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[k] ?? 0) + 1, (next[k - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
