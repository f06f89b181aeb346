/** What a walk over dependencies looks at: slots, and for each a list of edges to who waits for it. */
export interface Dependents {
  /** How many slots there are. */
  readonly slots: number;
  /** The first edge of a slot, or -1. */
  first(slot: number): number;
  /** The edge after `edge`, or -1. */
  next(edge: number): number;
  /** The slot that an edge leads to; -1 where who waited is gone. */
  target(edge: number): number;
}

const NEW = 0;
const OPEN = 1;
const DONE = 2;

/**
 * A slot that waits for itself, over others or not, or `undefined`: there must be none, since nobody can name what comes later. A
 * debug check that looks at everything, iteratively: chains may be as long as memory allows.
 *
 * @see spec/dcquic.md §5
 */
export function findCycle(graph: Dependents): number | undefined {
  const seen = new Uint8Array(graph.slots);
  const stack: { readonly slot: number; edge: number }[] = [];
  for (let start = 0; start < graph.slots; start++) {
    if (seen[start] !== NEW) continue;
    seen[start] = OPEN;
    stack.push({ slot: start, edge: graph.first(start) });
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.edge < 0) {
        seen[top.slot] = DONE;
        stack.pop();
        continue;
      }
      const slot = graph.target(top.edge);
      top.edge = graph.next(top.edge);
      if (slot < 0 || seen[slot] === DONE) continue;
      if (seen[slot] === OPEN) return slot;
      seen[slot] = OPEN;
      stack.push({ slot, edge: graph.first(slot) });
    }
  }
  return undefined;
}
