/** A source of random bytes. Cores take one, so that a run can be repeated. */
export interface RandomSource {
  /** Overwrites `into` and returns it. */
  fill(into: Uint8Array): Uint8Array;
}

/** Draws a number uniform in [0, 1) with 53 random bits. */
export function uniform(random: RandomSource): number {
  const view = new DataView(new ArrayBuffer(8));
  random.fill(new Uint8Array(view.buffer));
  return ((view.getUint32(0, true) >>> 5) * 67108864 + (view.getUint32(4, true) >>> 6)) / 2 ** 53;
}

// Test runners make globals slow: their realms look each one up by a callback, here twice for every four bytes.
const { imul } = Math;

/**
 * A repeatable source for tests and simulations (splitmix32). Never use it for keys or nonces.
 */
export class SeededRandom implements RandomSource {
  #state: number;

  /** The same `seed` gives the same bytes. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Overwrites `into` with the next bytes of the sequence. */
  fill(into: Uint8Array): Uint8Array {
    for (let i = 0; i < into.length; i += 4) {
      const word = this.#next();
      for (let k = 0; k < 4 && i + k < into.length; k++) into[i + k] = (word >>> (8 * k)) & 0xff;
    }
    return into;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = imul(z ^ (z >>> 16), 0x21f0aaad);
    z = imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }
}
