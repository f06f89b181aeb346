// No kernel is built for more, and a list that claims more must not allocate.
const MAX_CPU = 8191;

/**
 * Reads the kernel's form of a set of CPUs, `0-3,8,10-11`, in ascending order; "" is the empty set.
 *
 * @returns `undefined` for anything else.
 */
export function parseCpuList(text: string): readonly number[] | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  const cpus = new Set<number>();
  for (const range of trimmed.split(",")) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first || last > MAX_CPU) return undefined;
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return [...cpus].toSorted((a, b) => a - b);
}

/** Writes a set of CPUs in that form. */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const cpu of new Set(cpus.toSorted((a, b) => a - b))) {
    const open = ranges.at(-1);
    if (open !== undefined && open.last === cpu - 1) open.last = cpu;
    else ranges.push({ first: cpu, last: cpu });
  }
  return ranges
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(",");
}
