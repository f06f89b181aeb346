const BYTES = 4 * 1024 * 1024;
const LOADS = 20_000;

/**
 * How long a load takes from 4 MiB, each of which says where the next one is: a second-level cache does not hold them, a third one does
 * unless others on the machine have filled it.
 */
export class CacheProbe {
  readonly #next = cycle(BYTES / Uint32Array.BYTES_PER_ELEMENT);

  /** Nanoseconds of a load, now. */
  measureNs(): number {
    this.#follow();
    const begunMs = performance.now();
    this.#follow();
    return ((performance.now() - begunMs) * 1e6) / LOADS;
  }

  #follow(): number {
    const next = this.#next;
    let at = 0;
    for (let i = 0; i < LOADS; i++) at = next[at] ?? 0;
    return at;
  }
}

// One cycle through all places in an order that nothing foresees (Sattolo's).
function cycle(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * i);
    const [a = 0, b = 0] = [order[i], order[j]];
    order[i] = b;
    order[j] = a;
  }
  return order;
}
