const FIRST_CAPACITY = 1024;
const NONE = -1;

/**
 * Lists of dependents, one per slot, in arrays that grow by doubling. An edge names its dependent by slot and generation,
 * so that one whose dependent is gone is known by the mismatch.
 */
export class EdgePool {
  #next = new Int32Array(FIRST_CAPACITY);
  #slot = new Uint32Array(FIRST_CAPACITY);
  #generation = new Uint32Array(FIRST_CAPACITY);
  #kind = new Uint8Array(FIRST_CAPACITY);
  #free = NONE;
  #used = 0;
  #live = 0;

  /** How many edges exist. */
  get size(): number {
    return this.#live;
  }

  /** Puts an edge in front of the list that begins with `head` and returns the new head. */
  prepend(head: number, slot: number, generation: number, kind: number): number {
    const edge = this.#take();
    this.#next[edge] = head;
    this.#slot[edge] = slot;
    this.#generation[edge] = generation;
    this.#kind[edge] = kind;
    return edge;
  }

  /** The edge after `edge`, or -1. */
  next(edge: number): number {
    return this.#next[edge] ?? NONE;
  }

  /** The dependent's slot. */
  slot(edge: number): number {
    return this.#slot[edge] ?? 0;
  }

  /** The dependent's generation. */
  generation(edge: number): number {
    return this.#generation[edge] ?? 0;
  }

  /** The dependency's kind. */
  kind(edge: number): number {
    return this.#kind[edge] ?? 0;
  }

  /** Changes the kind of an edge. */
  setKind(edge: number, kind: number): void {
    this.#kind[edge] = kind;
  }

  /** Gives an edge back. */
  release(edge: number): void {
    this.#next[edge] = this.#free;
    this.#free = edge;
    this.#live -= 1;
  }

  #take(): number {
    this.#live += 1;
    if (this.#free >= 0) {
      const edge = this.#free;
      this.#free = this.next(edge);
      return edge;
    }
    if (this.#used === this.#next.length) this.#grow(2 * this.#used);
    return this.#used++;
  }

  #grow(capacity: number): void {
    const [next, slot, generation] = [this.#next, this.#slot, this.#generation];
    const kind = this.#kind;
    this.#next = new Int32Array(capacity);
    this.#next.set(next);
    this.#slot = new Uint32Array(capacity);
    this.#slot.set(slot);
    this.#generation = new Uint32Array(capacity);
    this.#generation.set(generation);
    this.#kind = new Uint8Array(capacity);
    this.#kind.set(kind);
  }
}
