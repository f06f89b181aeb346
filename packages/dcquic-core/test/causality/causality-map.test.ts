import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { CausalityMap } from "#src/causality/causality-map.js";
import { DependencyKind } from "#src/causality/dependency-kind.js";
import { findCycle } from "#src/causality/find-cycle.js";
import { type Id64, id64 } from "#src/wire/id64.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const { Request, Response, RequestCascade, ResponseCascade } = DependencyKind;

function mapOf(maxSlots = 1_000_000, generations = 2 ** 24): CausalityMap {
  return new CausalityMap({
    worker: 3,
    initialSlots: Math.min(4, maxSlots),
    maxSlots,
    generations,
  });
}

function track(map: CausalityMap): Id64 {
  const token = map.track();
  if (token === undefined) throw new Error("no slot");
  return token;
}

function drain<T>(next: () => T | undefined): T[] {
  const all: T[] = [];
  for (let item = next(); item !== undefined; item = next()) all.push(item);
  return all;
}

describe("§5: the four kinds", () => {
  test.each([
    { kind: Request, on: "requestDone", fails: false },
    { kind: Response, on: "complete", fails: false },
    { kind: RequestCascade, on: "requestDone", fails: true },
    { kind: ResponseCascade, on: "complete", fails: true },
  ] as const)(
    "kind $kind is released by $on; a failure cascades: $fails",
    ({ kind, on, fails }) => {
      const map = mapOf();
      const [first, second] = [track(map), track(map)];
      expect(map.depend(second, first, kind)).toBe("waiting");
      if (on === "complete") {
        map.requestDone(first);
        expect(map.waiting(second)).toBe(1);
      }
      map[on](first);
      expect(drain(() => map.nextReleased())).toEqual([second]);

      const [third, fourth] = [track(map), track(map)];
      map.depend(fourth, third, kind);
      map.fail(third);
      expect(drain(() => map.nextVictim())).toEqual(
        fails ? [{ token: fourth, rootCause: third }] : [],
      );
      expect(drain(() => map.nextReleased())).toEqual(fails ? [] : [fourth]);
    },
  );
});

test("D-3: kind 2 keeps its edge after the dependent started, until either ends", () => {
  const map = mapOf();
  const [first, late, finished] = [track(map), track(map), track(map)];
  map.depend(late, first, RequestCascade);
  map.depend(finished, first, RequestCascade);
  map.requestDone(first);
  map.complete(finished);
  map.fail(first);
  expect(drain(() => map.nextVictim()).map(({ token }) => token)).toEqual([late]);
});

test("D-4: a stale token counts as complete, unless it failed and the kind cascades", () => {
  const map = mapOf();
  const [good, bad] = [track(map), track(map)];
  map.complete(good);
  map.fail(bad);
  const dependent = track(map);
  expect(map.depend(dependent, good, ResponseCascade)).toBe("satisfied");
  expect(map.depend(dependent, bad, Response)).toBe("satisfied");
  expect(map.depend(dependent, bad, ResponseCascade)).toBe("failed");
  expect(map.rootCause(bad)).toEqual(bad);
});

test("§5: a token that was never issued is refused", () => {
  const map = mapOf();
  const dependent = track(map);
  for (const token of [id64(3 << 24, 7), id64((3 << 24) | 1, 0), id64(2 << 24, 0)]) {
    expect(() => map.depend(dependent, token, Response)).toThrow(RangeError);
  }
});

test("§5: beyond the limit tracked calls wait; double completion is harmless", () => {
  const map = mapOf(5);
  const tokens = [1, 2, 3, 4, 5].map(() => track(map));
  expect(map.track()).toBeUndefined();
  const [first = id64()] = tokens;
  map.complete(first);
  map.complete(first);
  map.fail(first);
  expect(map.size).toBe(4);
  expect(map.track()).toBeDefined();
});

test("§23: a diamond waits for both sides, and fails once", () => {
  const map = mapOf();
  const [top, left, right, bottom] = [track(map), track(map), track(map), track(map)];
  for (const side of [left, right]) {
    map.depend(side, top, ResponseCascade);
    map.depend(bottom, side, ResponseCascade);
  }
  map.fail(top);
  const victims = drain(() => map.nextVictim()).map(({ token }) => token.lo);
  expect(victims.toSorted((a, b) => a - b)).toEqual([left.lo, right.lo, bottom.lo]);
  expect([map.size, map.edges]).toEqual([0, 0]);
});

test("§23: a chain of 100,000 and a fan-out of 1000 fail without recursion", () => {
  const map = mapOf();
  const chain = [track(map)];
  for (let i = 1; i < 100_000; i++) {
    const token = track(map);
    map.depend(token, chain[i - 1] ?? token, ResponseCascade);
    chain.push(token);
  }
  const last = chain.at(-1) ?? id64();
  for (let i = 0; i < 1000; i++) map.depend(track(map), last, RequestCascade);
  map.fail(chain[0] ?? last);
  expect(drain(() => map.nextVictim())).toHaveLength(100_999);
  expect([map.size, map.edges]).toEqual([0, 0]);
});

test("§5: a slot is reused after 1024 others, so that its tokens come again after days and not after minutes", () => {
  const map = mapOf();
  const first = track(map);
  map.complete(first);
  const others = Array.from({ length: 1025 }, () => {
    const token = track(map);
    map.complete(token);
    return token;
  });
  expect(others.filter(({ lo }) => lo === first.lo)).toEqual([others.at(-1)]);
  expect(others.at(-1)?.hi).toBe(first.hi + 1);
  // Where there are no more slots, what there is must do.
  const small = mapOf(2);
  for (let i = 0; i < 10; i++) small.complete(track(small));
  expect(small.size).toBe(0);
});

test("D-4: where generations come again, older tokens are still known, later ones are not, and nobody is taken for who had his token before", () => {
  // One slot, whose generations are 0 to 3.
  const map = mapOf(1, 4);
  const [zero, one, two, three] = [0, 1, 2, 3].map(() => {
    const token = track(map);
    map.fail(token);
    return token;
  });
  if (zero === undefined || one === undefined || two === undefined || three === undefined) return;
  const anew = track(map);
  expect(anew).toEqual(zero);
  expect([map.rootCause(anew), map.rootCause(three)]).toEqual([undefined, three]);
  // The older half of all generations is before it, the other half is to come.
  expect([zero, three, two, one].map((token) => map.issued(token))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  map.complete(anew);
  // It has not come to 1 again.
  expect(map.issued(one)).toBe(false);
});

test("§5: a debug check walks over all dependencies, and finds a cycle where there is one", () => {
  const map = mapOf();
  const chain = [track(map)];
  for (let i = 0; i < 100_000; i++) {
    const token = track(map);
    map.depend(token, chain.at(-1) ?? id64(), ResponseCascade);
    chain.push(token);
  }
  expect(map.cycle()).toBeUndefined();
  // Nothing that a caller may say leads there: the walk is shown one.
  const waitFor = [[1, 2], [3], [3], [4], [], [6], [7], [5]];
  const edges = waitFor.flatMap((targets, slot) => targets.map((target) => ({ slot, target })));
  const after = (slot: number, edge: number): number =>
    edges.findIndex((each, i) => i > edge && each.slot === slot);
  const graph = (slots: number) => ({
    slots,
    first: (slot: number) => after(slot, -1),
    next: (edge: number) => after(edges[edge]?.slot ?? -1, edge),
    target: (edge: number) => edges[edge]?.target ?? -1,
  });
  expect(findCycle(graph(5))).toBeUndefined();
  expect(findCycle(graph(8))).toBe(5);
});

test("whatever happens in whatever order, no edge stays behind and everyone is released or failed", () => {
  const step = fc.record({
    act: fc.constantFrom("track", "depend", "depend", "requestDone", "complete", "fail"),
    a: fc.nat(20),
    b: fc.nat(20),
    kind: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const map = mapOf();
      const tokens = [track(map)];
      for (const { act, a, b, kind } of steps) {
        const one = tokens[a % tokens.length] ?? id64();
        const other = tokens[b % tokens.length] ?? id64();
        if (act === "track") tokens.push(track(map));
        else if (act === "depend") {
          const later = tokens.indexOf(one) > tokens.indexOf(other);
          if (later && map.isLive(one)) map.depend(one, other, kind);
        } else if (act === "requestDone") map.requestDone(one);
        else if (act === "complete") map.complete(one);
        else map.fail(one);
      }
      expect(map.cycle()).toBeUndefined();
      for (const token of tokens) map.complete(token);
      expect([map.size, map.edges]).toEqual([0, 0]);
      const victims = drain(() => map.nextVictim()).map(({ token }) => `${token.hi}.${token.lo}`);
      expect(new Set(victims).size).toBe(victims.length);
    }),
    fuzzRuns(200),
  );
});
