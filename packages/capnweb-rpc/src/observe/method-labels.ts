/** What methods beyond the limit are counted as. */
const OTHER_METHOD = "(other)";

/**
 * Names methods in metrics. Peers choose the names, so that only so many get a series of their own;
 * logs and hooks have all of them.
 */
export class MethodLabels {
  readonly #known = new Set<string>();
  readonly #max: number;

  /** Gives the first `max` methods their own name. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Answers the label of `method`. */
  of(method: string): string {
    if (this.#known.has(method)) return method;
    if (this.#known.size >= this.#max) return OTHER_METHOD;
    this.#known.add(method);
    return method;
  }
}
