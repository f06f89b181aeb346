import type { RpcLimits } from "../limits.js";

/** How many instructions one message may still have carried out. spec/capnweb.md §14.4 */
export class MapBudget {
  readonly #total: number;
  #left: number;

  /** Begins with `total` instructions. */
  constructor(total: number) {
    this.#total = total;
    this.#left = total;
  }

  /** Takes `work` instructions. @throws RangeError when there are not that many left. */
  spend(work: number): void {
    this.#left -= work;
    if (this.#left >= 0) return;
    throw new RangeError(`map() exceeded its budget of ${this.#total} instructions per message.`);
  }
}

/** What a map does to each element, and what it may cost. spec/capnweb.md §10.3 */
export class MapProgram {
  /** At least one expression; the last is the result. */
  readonly instructions: readonly unknown[];
  /** The limits of whoever carries it out. */
  readonly limits: RpcLimits;
  /** Shared with the maps around and inside it. */
  readonly budget: MapBudget;

  /** Without a `budget` it is the first map of its message. */
  constructor(
    instructions: readonly unknown[],
    limits: RpcLimits,
    budget: MapBudget = new MapBudget(limits.maxMapWork),
  ) {
    this.instructions = instructions;
    this.limits = limits;
    this.budget = budget;
  }

  /** Counts one application to `elements` elements. @throws RangeError beyond a limit, Error if it is empty. */
  begin(elements: number, captures: number): void {
    const { length } = this.instructions;
    const { maxMapInstructions, maxMapCaptures } = this.limits;
    if (length === 0) throw new Error("Invalid empty mapper function.");
    if (length > maxMapInstructions) {
      throw new RangeError(`map() of ${length} instructions, limit ${maxMapInstructions}.`);
    }
    if (captures > maxMapCaptures) {
      throw new RangeError(`map() with ${captures} captures, limit ${maxMapCaptures}.`);
    }
    this.budget.spend(elements * length);
  }
}
