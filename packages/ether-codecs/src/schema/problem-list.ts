/** Problems beyond this many are counted, not described. */
const MAX_DESCRIBED = 64;

/** Collects what is wrong with a value, each problem with the path to it. */
export class ProblemList {
  /** The path from the root to what is being looked at; checks push and pop their step. */
  readonly path: (string | number)[] = [];
  readonly #problems: string[] = [];
  #count = 0;

  /** Adds a problem at the current path. */
  add(what: string): void {
    this.#count++;
    if (this.#problems.length >= MAX_DESCRIBED) return;
    this.#problems.push(`${this.path.length === 0 ? "/" : formatPath(this.path)}: ${what}`);
  }

  /** Makes an empty list at the same path, for a check whose problems may not count. */
  trial(): ProblemList {
    const trial = new ProblemList();
    trial.path.push(...this.path);
    return trial;
  }

  /** How many problems there are. */
  get count(): number {
    return this.#count;
  }

  /** The problems in order; the last line counts those beyond the first 64. */
  list(): readonly string[] {
    const more = this.#count - this.#problems.length;
    return more > 0 ? [...this.#problems, `and ${more} more`] : this.#problems;
  }
}

/** Writes a path as a JSON Pointer (RFC 6901). */
export function formatPath(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");
}
