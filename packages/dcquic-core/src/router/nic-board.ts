/** How a NIC is. spec/dcquic.md §18 */
export type NicState =
  /** Every worker on it turns. */
  | "up"
  /** Some of its workers are lost or stand still: the others carry on. */
  | "degraded"
  /** It is gone, or every worker on it is. */
  | "down";

/** How a worker is, as far as its NIC is concerned. */
export type WorkerCondition = "turning" | "stalled" | "lost";

/** One NIC with its workers. */
export interface NicStatus {
  /** Its index. */
  readonly nic: number;
  /** The workers on it. */
  readonly workers: readonly number[];
  /** How it is. */
  readonly state: NicState;
}

interface Nic {
  readonly conditions: Map<number, WorkerCondition>;
  isThere: boolean;
}

/**
 * How each NIC of a host is, by what is known for certain: whether it is there, and whether its workers turn. What a peer
 * suffers from says nothing of a NIC, and the trouble of one NIC nothing of another.
 *
 * ```
 * up ⇄ degraded ⇄ down        gone: down at once; back: as its workers are
 * ```
 *
 * @see spec/dcquic.md §18, D-14
 */
export class NicBoard {
  readonly #nics = new Map<number, Nic>();

  /** All of them are up. */
  constructor(workers: readonly { readonly worker: number; readonly nic: number }[]) {
    for (const { worker, nic } of workers) {
      const known = this.#nics.get(nic) ?? { conditions: new Map(), isThere: true };
      known.conditions.set(worker, "turning");
      this.#nics.set(nic, known);
    }
  }

  /** All of them, in the order of their first workers. */
  get all(): readonly NicStatus[] {
    return [...this.#nics].map(([nic, known]) => ({
      nic,
      workers: [...known.conditions.keys()],
      state: stateOf(known),
    }));
  }

  /** Whether a worker can serve: it is not lost, and its NIC is there. */
  canServe(worker: number, nic: number): boolean {
    const known = this.#nics.get(nic);
    return known?.isThere === true && known.conditions.get(worker) !== "lost";
  }

  /** Whether a NIC is there, whatever its workers do. */
  isThere(nic: number): boolean {
    return this.#nics.get(nic)?.isThere === true;
  }

  /** Whether any other NIC is not down. */
  hasOther(nic: number): boolean {
    return this.all.some((other) => other.nic !== nic && other.state !== "down");
  }

  /** Notes whether a NIC is there; returns its state where that changed. */
  nicIs(nic: number, how: "there" | "gone"): NicState | undefined {
    return this.#changed(nic, (known) => (known.isThere = how === "there"));
  }

  /** Notes how a worker is; returns the state of its NIC where that changed. */
  workerIs(worker: number, nic: number, condition: WorkerCondition): NicState | undefined {
    return this.#changed(nic, ({ conditions }) => conditions.set(worker, condition));
  }

  #changed(nic: number, change: (known: Nic) => void): NicState | undefined {
    const known = this.#nics.get(nic);
    if (known === undefined) return undefined;
    const before = stateOf(known);
    change(known);
    const state = stateOf(known);
    return state === before ? undefined : state;
  }
}

function stateOf({ isThere, conditions }: Nic): NicState {
  const all = [...conditions.values()];
  if (!isThere || all.every((condition) => condition === "lost")) return "down";
  return all.every((condition) => condition === "turning") ? "up" : "degraded";
}
