/** Trace ids have room for so many nodes. spec/tensor-pool.md §14.1 */
const NODE_IDS = 1_024;

/** Hands node ids out, each to one client at a time; one that was given back rests before it is used again. */
export class NodeIds {
  readonly #cooldownNs: bigint;
  readonly #taken = new Set<number>();
  readonly #restsUntilNs = new Map<number, bigint>();
  #next = 0;

  /** `cooldownNs` is how long an id rests. */
  constructor(cooldownNs: bigint) {
    this.#cooldownNs = cooldownNs;
  }

  /** Whether this one can be had. */
  isFree(id: number, nowNs: bigint): boolean {
    if (!(id >= 0 && id < NODE_IDS) || this.#taken.has(id)) return false;
    return nowNs >= (this.#restsUntilNs.get(id) ?? nowNs);
  }

  /** Takes one: the desired one, which is free, or the next; `undefined` when all are taken or resting. */
  take(desired: number | undefined, nowNs: bigint): number | undefined {
    const id = desired ?? this.#search(nowNs);
    if (id === undefined) return undefined;
    this.#taken.add(id);
    this.#restsUntilNs.delete(id);
    return id;
  }

  /** Gives one back. */
  release(id: number, nowNs: bigint): void {
    this.#taken.delete(id);
    this.#restsUntilNs.set(id, nowNs + this.#cooldownNs);
  }

  #search(nowNs: bigint): number | undefined {
    for (let tried = 0; tried < NODE_IDS; tried++) {
      const id = this.#next;
      this.#next = (id + 1) % NODE_IDS;
      if (this.isFree(id, nowNs)) return id;
    }
    return undefined;
  }
}
