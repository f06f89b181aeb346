import { describe, expect, test } from "@jest/globals";
import { SeededRandom, uniform } from "@proj/wire-types";
import { type CeilingMember, StreamCeiling } from "#src/session/stream-ceiling.js";

/** Someone who has and wants what a test says, and obeys at once. */
class Member implements CeilingMember {
  readonly told: number[] = [];
  held: number;
  want: number;

  constructor(held: number, want: number) {
    this.held = held;
    this.want = want;
  }

  wanted(): number {
    return this.want;
  }

  shared(_: number, share: number): void {
    this.told.push(share);
  }
}

function sharing(most: number, ...wants: readonly number[]): [StreamCeiling, readonly Member[]] {
  const ceiling = new StreamCeiling(most);
  const members = wants.map((want) => new Member(0, want));
  for (const member of members) ceiling.join(member);
  ceiling.settle(0);
  return [ceiling, members];
}

describe("B13: a ceiling of streams per process", () => {
  test.each([
    [64, [32], [32]],
    [64, [32, 32], [32, 32]],
    [64, [64, 64], [32, 32]],
    [64, [64, 64, 64], [21, 21, 21]],
    [64, [4, 256, 256], [4, 30, 30]],
    [64, [4, 10, 256], [4, 10, 50]],
    [64, [0, 256], [0, 64]],
    [2, [8, 8, 8], [1, 1, 1]],
  ])("%d are shared by those who want %j as %j", (most, wants, shares) => {
    const [ceiling, members] = sharing(most, ...wants);
    expect(members.map((member) => ceiling.shareOf(0, member))).toEqual(shares);
    expect(ceiling.reading.isShort).toBe(wants.reduce((a, b) => a + b, 0) > most);
  });

  test("nobody is told anything while all have what they want", () => {
    const [ceiling, [first, second]] = sharing(64, 32, 32);
    ceiling.settle(1);
    expect([first?.told, second?.told]).toEqual([[], []]);
  });

  test("who comes later takes from those above their share, and leaves it to them when it goes", () => {
    const [ceiling, [first]] = sharing(64, 60);
    const second = new Member(1, 60);
    ceiling.join(second);
    ceiling.settle(0);
    expect(first?.told).toEqual([32]);
    ceiling.leave(0, second);
    expect(first?.told).toEqual([32, 60]);
    ceiling.leave(0, second);
    expect(first?.told).toEqual([32, 60]);
  });

  test("another number is told at once, whether it is more or less", () => {
    const [ceiling, [first, second]] = sharing(64, 32, 32);
    ceiling.change(0, 10);
    ceiling.change(0, 40);
    ceiling.change(0, 64);
    expect(first?.told).toEqual([5, 20, 32]);
    expect(second?.told).toEqual([5, 20, 32]);
  });

  test("there is room only below the share and below the ceiling, and always for a first stream", () => {
    const [ceiling, [first, second]] = sharing(10, 10, 10);
    if (first === undefined || second === undefined) throw new Error("two joined");
    first.held = 10;
    expect(ceiling.roomFor(0, second)).toBe(1);
    second.held = 1;
    // The share is 5, but the other has not drained yet.
    expect(ceiling.roomFor(0, second)).toBeLessThan(1);
    first.held = 5;
    expect(ceiling.roomFor(0, second)).toBe(4);
    second.held = 5;
    expect(ceiling.roomFor(0, second)).toBe(0);
    expect(ceiling.reading).toEqual({ most: 10, held: 10, isShort: true, refused: 0 });
  });

  test("what trying more could bring at best counts what others want", () => {
    const [ceiling, [first, second]] = sharing(64, 8, 40);
    if (first === undefined || second === undefined) throw new Error("two joined");
    expect(ceiling.mostFor(0, first)).toBe(32);
    expect(ceiling.mostFor(0, second)).toBe(56);
  });
});

describe("many sessions that come, go, drain slowly and ask again", () => {
  /** A session of a link: what is above its share takes some steps to drain. */
  class Link implements CeilingMember {
    readonly want: number;
    readonly #drainSteps: number;
    readonly #draining: number[] = [];
    active = 1;

    constructor(want: number, drainSteps: number) {
      this.want = want;
      this.#drainSteps = drainSteps;
    }

    get held(): number {
      return this.active + this.#draining.length;
    }

    wanted(): number {
      return this.want;
    }

    shared(_: number, share: number): void {
      for (; this.active > share; this.active--) this.#draining.push(this.#drainSteps);
    }

    step(ceiling: StreamCeiling): void {
      const left = this.#draining.splice(0).map((steps) => steps - 1);
      this.#draining.push(...left.filter((steps) => steps > 0));
      const missing = ceiling.shareOf(0, this) - this.active;
      this.active += Math.max(0, Math.min(missing, ceiling.roomFor(0, this)));
    }
  }

  test.each([1, 2, 3, 4, 5])("keep the ceiling, and end with even shares (seed %d)", (seed) => {
    const random = new SeededRandom(seed);
    const pick = (most: number): number => 1 + Math.floor(uniform(random) * most);
    const most = 20 + pick(200);
    const ceiling = new StreamCeiling(most);
    const links: Link[] = [];
    for (let step = 0; step < 400; step++) {
      // First streams are always had: for each of those, others drain one.
      let fresh = 0;
      if (step < 300 && links.length < 20 && pick(4) === 1) {
        const link = new Link(pick(100), pick(10));
        links.push(link);
        ceiling.join(link);
        fresh += 1;
      }
      if (step < 300 && links.length > 1 && pick(8) === 1) {
        const [gone] = links.splice(pick(links.length) - 1, 1);
        if (gone !== undefined) ceiling.leave(0, gone);
      }
      const before = ceiling.reading.held - fresh;
      ceiling.settle(0);
      for (const link of links) link.step(ceiling);
      expect(ceiling.reading.held).toBeLessThanOrEqual(Math.max(most, before) + fresh);
      for (const link of links) expect(link.held).toBeGreaterThan(0);
    }
    const shares = links.map((link) => ceiling.shareOf(0, link));
    expect(links.map(({ active }) => active)).toEqual(shares);
    expect(ceiling.reading.held).toBeLessThanOrEqual(most);
    const largest = Math.max(...shares);
    for (const [at, link] of links.entries()) {
      const share = shares[at] ?? 0;
      expect(share === link.want || share === largest).toBe(true);
    }
  });
});
