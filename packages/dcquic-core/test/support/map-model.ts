import { expect } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { KeyHash } from "#src/sched/key-hash.js";
import fc from "fast-check";

const runs = Number(process.env["FUZZ_RUNS"] ?? 100);

/** What the maps by 64-bit keys have in common. */
interface MapById {
  readonly size: number;
  get(hi: number, lo: number): object | undefined;
  set(hi: number, lo: number, value: object): void;
  delete(hi: number, lo: number): boolean;
}

/** Few words, and those at the upper end. */
export const fewWords: fc.Arbitrary<number> = fc.oneof(
  fc.nat(9),
  fc.integer({ min: 2 ** 32 - 4, max: 2 ** 32 - 1 }),
);

/** Says where keys belong, and how often it was asked. */
export class CountingHash extends KeyHash {
  calls = 0;

  constructor() {
    super(new SeededRandom(3));
  }

  override of(hi: number, lo: number): number {
    this.calls += 1;
    return super.of(hi, lo);
  }
}

/** Whatever comes and goes, a map holds what a `Map` does; the lower word of its keys is one of `lows`. */
export function expectLikeMap(make: (hash: KeyHash) => MapById, lows: fc.Arbitrary<number>): void {
  const hash = new KeyHash(new SeededRandom(7));
  const step = fc.tuple(fc.boolean(), fewWords, lows);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = make(hash);
      const model = new Map<string, readonly [hi: number, lo: number, value: object]>();
      for (const [sets, hi, lo] of steps) {
        const name = `${hi} ${lo}`;
        if (sets) {
          const value = {};
          map.set(hi, lo, value);
          model.set(name, [hi, lo, value]);
        } else expect(map.delete(hi, lo)).toBe(model.delete(name));
        expect(map.get(hi, lo)).toBe(model.get(name)?.[2]);
        expect(map.size).toBe(model.size);
      }
      for (const [hi, lo, value] of model.values()) expect(map.get(hi, lo)).toBe(value);
    }),
    { numRuns: runs },
  );
}
