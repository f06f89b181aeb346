/** A counter that others can see: one of Aeron's. */
export interface MirrorCounter {
  /** Sets its value. */
  set(value: bigint): void;
  /** Takes it away. */
  close(): void;
}

/** Makes counters that others can see. */
export type MakeMirrorCounter = (label: string) => Promise<MirrorCounter>;

/** Counts of any depth, as producers, consumers and drivers keep them. */
export interface CounterTree {
  /** The count of this name, or those below it. */
  readonly [name: string]: number | CounterTree;
}

/** Returns the counts of a tree by their path: `drops.late`. */
export function flattenCounters(counters: CounterTree, prefix = ""): Map<string, number> {
  const flat = new Map<string, number>();
  for (const [name, value] of Object.entries(counters)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (typeof value === "number") flat.set(path, value);
    else for (const [inner, count] of flattenCounters(value, path)) flat.set(inner, count);
  }
  return flat;
}

/** Shows the counts of a producer, consumer or driver to others, as often as its owner says. spec/tensor-pool.md §24 */
export class CounterMirror {
  readonly #label: string;
  readonly #read: () => CounterTree;
  readonly #make: MakeMirrorCounter;
  readonly #shown = new Map<string, MirrorCounter>();
  #closed = false;

  /** Shows nothing until `open`; `label` comes before each name, and `read` gives the counts of the moment. */
  constructor(label: string, read: () => CounterTree, make: MakeMirrorCounter) {
    this.#label = label;
    this.#read = read;
    this.#make = make;
  }

  /** Makes a counter for each count. @throws what making one throws */
  async open(): Promise<void> {
    for (const path of flattenCounters(this.#read()).keys()) {
      const counter = await this.#make(`${this.#label} ${path}`);
      // Whoever closed in the meantime wants none of it.
      if (this.#closed) counter.close();
      else this.#shown.set(path, counter);
    }
    this.update();
  }

  /** Shows the counts as they are now. */
  update(): void {
    for (const [path, value] of flattenCounters(this.#read())) {
      this.#shown.get(path)?.set(BigInt(value));
    }
  }

  /** Takes all counters away. */
  close(): void {
    this.#closed = true;
    for (const counter of this.#shown.values()) counter.close();
    this.#shown.clear();
  }
}
