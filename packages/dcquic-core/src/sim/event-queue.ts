interface Scheduled {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What happens when, in virtual time: by time, then in the order in which it was scheduled. A binary heap. */
export class EventQueue {
  readonly #heap: Scheduled[] = [];
  #order = 0;

  /** How many events wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next event is due; Infinity without one. */
  get nextUs(): number {
    return this.#heap[0]?.atUs ?? Number.POSITIVE_INFINITY;
  }

  /** Schedules an event. */
  schedule(atUs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atUs, order: this.#order++, run };
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Takes the next event. */
  shift(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const least = heap[child] ?? left;
      if (!isBefore(least, last)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
