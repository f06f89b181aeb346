import { expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { KeyHash } from "#src/sched/key-hash.js";

const KEYS = 30_000;
const CAPACITY_LOG2 = 16;
// Under a hash that multiplies by Knuth's constant, its multiples all belong in the same place.
const KNUTH_INVERSE = 0x144c_bc89;

type Keys = (index: number) => readonly [hi: number, lo: number];

const attacks: readonly (readonly [name: string, keys: Keys])[] = [
  ["one after the other", (i) => [0, i]],
  ["equal but for their upper word", (i) => [i, 5]],
  ["equal but for their generation, from every worker", (i) => [((i & 0xff) << 24) >>> 0, i >>> 8]],
  ["in the same place under a multiplication", (i) => [0, Math.imul(i, KNUTH_INVERSE) >>> 0]],
  ["in large steps", (i) => [0, (i << 17) >>> 0 || i]],
  ["of words that are equal", (i) => [i, i]],
];

for (const [name, keys] of attacks) {
  test(`keys ${name} are found in few steps`, () => {
    for (const seed of [1, 2, 3]) {
      expect(meanSteps(new KeyHash(new SeededRandom(seed)), keys)).toBeLessThan(2);
    }
  });
}

test("keys that collide in one engine do not in another", () => {
  const [one, other] = [1, 2].map((seed) => new KeyHash(new SeededRandom(seed)));
  const homes = new Map<number, number[]>();
  for (let lo = 0; lo < 2 ** 20; lo++) {
    const home = (one?.of(0, lo) ?? 0) >>> (32 - CAPACITY_LOG2);
    homes.set(home, [...(homes.get(home) ?? []), lo]);
  }
  const colliding = [...homes.values()].toSorted((a, b) => b.length - a.length)[0] ?? [];
  expect(colliding.length).toBeGreaterThan(20);
  const elsewhere = new Set(
    colliding.map((lo) => (other?.of(0, lo) ?? 0) >>> (32 - CAPACITY_LOG2)),
  );
  expect(elsewhere.size).toBeGreaterThan(colliding.length - 3);
});

// As linear probing has it, in a table that is not quite half full.
function meanSteps(hash: KeyHash, keys: Keys): number {
  const taken = new Uint8Array(2 ** CAPACITY_LOG2);
  let steps = 0;
  for (let i = 0; i < KEYS; i++) {
    const [hi, lo] = keys(i);
    let at = hash.of(hi, lo) >>> (32 - CAPACITY_LOG2);
    for (; taken[at] === 1; at = (at + 1) % taken.length) steps += 1;
    taken[at] = 1;
    steps += 1;
  }
  return steps / KEYS;
}
