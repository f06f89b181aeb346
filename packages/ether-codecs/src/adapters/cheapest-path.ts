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
  const open: Label<Step>[] = [
    { place: search.start, cost: 0, names: [], steps: [], ended: false },
  ];
  // A place is left again only with fewer hops than before: otherwise the dearer way cannot win.
  const fewestHops = new Map<string, number>();
  for (let label = takeBest(open); label !== undefined; label = takeBest(open)) {
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

function takeBest<Step>(open: Label<Step>[]): Label<Step> | undefined {
  let best = 0;
  for (let i = 1; i < open.length; i++) {
    const candidate = open[i];
    const current = open[best];
    if (candidate !== undefined && current !== undefined && before(candidate, current)) best = i;
  }
  return open.splice(best, 1)[0];
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
