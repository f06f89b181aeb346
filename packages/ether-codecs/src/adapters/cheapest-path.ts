/** One way from a place to another. */
export interface Edge<Step> {
  /** Where it leads. */
  readonly to: string;
  /** What it costs, a positive integer. */
  readonly cost: number;
  /** Orders edges of equal cost. */
  readonly name: string;
  /** What it means to the caller. */
  readonly step: Step;
}

/** A way found, with its edges in order. */
export interface Path<Step> {
  /** Where it ends. */
  readonly end: string;
  /** Sum of the edges' costs and of the end's. */
  readonly cost: number;
  /** Steps in order; none when the start is a goal. */
  readonly steps: readonly Step[];
}

/** What a search needs. */
export interface PathSearch<Step> {
  /** Where it starts. */
  readonly start: string;
  /** The edges that leave a place. */
  readonly edges: (place: string) => Iterable<Edge<Step>>;
  /** What it costs to end at a place; `undefined` where it must not end. */
  readonly endCost: (place: string) => number | undefined;
  /** Most edges. */
  readonly maxHops: number;
  /** Highest cost. */
  readonly maxCost: number;
}

/**
 * Finds the cheapest path by Dijkstra; of equal costs the one with fewer hops, then with the smaller sequence of names.
 *
 * @returns `undefined` when no goal is within the limits.
 * @see spec/xcp.md §19
 */
export function cheapestPath<Step>(search: PathSearch<Step>): Path<Step> | undefined {
  const open = new LabelQueue<Step>();
  open.push({ place: search.start, cost: 0, names: [], steps: [], ended: false });
  // A place is left again only with fewer hops than before: otherwise the dearer way cannot win.
  const fewestHops = new Map<string, number>();
  for (let label = open.pop(); label !== undefined; label = open.pop()) {
    if (label.ended) return { end: label.place, cost: label.cost, steps: label.steps };
    const hops = label.names.length;
    if (hops >= (fewestHops.get(label.place) ?? Number.POSITIVE_INFINITY)) continue;
    fewestHops.set(label.place, hops);
    const endCost = search.endCost(label.place);
    if (endCost !== undefined && label.cost + endCost <= search.maxCost) {
      open.push({ ...label, cost: label.cost + endCost, ended: true });
    }
    if (hops === search.maxHops) continue;
    for (const { to, cost, name, step } of search.edges(label.place)) {
      if (label.cost + cost > search.maxCost) continue;
      open.push({
        place: to,
        cost: label.cost + cost,
        names: [...label.names, name],
        steps: [...label.steps, step],
        ended: false,
      });
    }
  }
  return undefined;
}

interface Label<Step> {
  readonly place: string;
  readonly cost: number;
  readonly names: readonly string[];
  readonly steps: readonly Step[];
  readonly ended: boolean;
}

// A binary heap, because a peer may name thousands of converters.
class LabelQueue<Step> {
  readonly #heap: Label<Step>[] = [];

  push(label: Label<Step>): void {
    const heap = this.#heap;
    let at = heap.push(label) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(label, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = label;
  }

  pop(): Label<Step> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = heap[child];
      if (below === undefined || !before(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #smallerChild(at: number): number {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    const isRight = left !== undefined && right !== undefined && before(right, left);
    return 2 * at + (isRight ? 2 : 1);
  }
}

function before<Step>(a: Label<Step>, b: Label<Step>): boolean {
  if (a.cost !== b.cost) return a.cost < b.cost;
  if (a.names.length !== b.names.length) return a.names.length < b.names.length;
  const at = a.names.findIndex((name, i) => name !== b.names[i]);
  const left = a.names[at];
  const right = b.names[at];
  if (left !== undefined && right !== undefined) return left < right;
  return a.ended && !b.ended;
}
