import { expect, test } from "@jest/globals";
import type { ZstdEngine, ZstdSettings } from "@proj/dwcp";
import { LiteralSearch, type PrefixOrigin } from "#src/hde/literal-search.js";
import { platform } from "../support/hde.js";

const LONG = 262_144;
const prefix = new Uint8Array(4_096);

interface Made {
  /** How much a fast search makes of a unit. */
  readonly ratio: number;
  /** How much of that a deep one leaves. */
  readonly deep: number;
}

/** Tells by which searches units are made, in order, with an engine whose frames are as long as the units say. */
function searchesOf(
  units: readonly Made[],
  chosen: { level?: number; origin?: PrefixOrigin; bytes?: number; canSearchDeep?: boolean } = {},
): string[] {
  const { level = 3, origin = "earlier", bytes = LONG, canSearchDeep = true } = chosen;
  let searches: string[] = [];
  let unit: Made = { ratio: 1, deep: 1 };
  const compress = (source: Uint8Array, { search }: ZstdSettings): Uint8Array => {
    searches.push(search ?? "level");
    const fast = source.length / unit.ratio;
    return new Uint8Array(Math.floor(search === "deep" ? fast * unit.deep : fast));
  };
  const zstd: ZstdEngine = {
    name: "fake",
    canSearchDeep,
    compress,
    decompressInto: () => undefined,
  };
  const search = new LiteralSearch({ platform: { ...platform, zstd }, level });
  return units.map((next) => {
    unit = next;
    searches = [];
    const { length } = search.encode(new Uint8Array(bytes), prefix, origin).bytes;
    const best = searches.includes("deep") ? Math.min(1, next.deep) : 1;
    if (searches.length > 1) expect(length).toBe(Math.floor((bytes / next.ratio) * best));
    return searches.join("+");
  });
}

const hard: Made = { ratio: 5, deep: 0.9 };
const stubborn: Made = { ratio: 5, deep: 0.99 };
const easy: Made = { ratio: 20, deep: 0.9 };

test("B11: what shrinks little is searched deeply, and one unit in 17 both ways", () => {
  const searches = searchesOf(
    Array.from({ length: 36 }, () => hard),
    { level: 4 },
  );
  const both = [...searches.keys()].filter((unit) => searches[unit] === "single+deep");
  expect(both).toEqual([0, 17, 34]);
  expect(new Set(searches)).toEqual(new Set(["single+deep", "deep"]));
});

test("B11: at level 3, where there is less time, that is one unit in two", () => {
  const searches = searchesOf(Array.from({ length: 6 }, () => hard));
  expect(searches).toEqual(["single+deep", "single", "deep", "single", "deep", "single"]);
});

test("B11: what shrinks a lot is not", () => {
  expect(searchesOf([easy, hard, easy, easy, hard], { level: 4 })).toEqual([
    "single",
    "single+deep",
    "deep",
    "single",
    "single+deep",
  ]);
});

test("B11: a deep search that saves little is passed over, and the shorter frame is taken", () => {
  const searches = searchesOf(
    Array.from({ length: 20 }, () => stubborn),
    { level: 4 },
  );
  const tried = [...searches.keys()].filter((unit) => searches[unit] !== "single");
  expect(tried).toEqual([0, 1, 2, 8, 16]);
  expect(searchesOf([{ ratio: 5, deep: 1.2 }])).toEqual(["single+deep"]);
});

test("B11: pages that hardly changed, few pages and own pages are searched in two tables", () => {
  const same: Made = { ratio: 80, deep: 1 };
  expect(searchesOf([same, same])).toEqual(["single", "wide"]);
  expect(searchesOf([easy], { bytes: 65_536 })).toEqual(["wide"]);
  expect(searchesOf([easy, hard], { origin: "own" })).toEqual(["wide", "wide+deep"]);
});

test("B11: levels that are fast, or as deep themselves, and engines that cannot search deeply do not", () => {
  for (const level of [1, 2, 8, 9]) expect(searchesOf([hard], { level })).toEqual(["single"]);
  for (const level of [3, 7]) expect(searchesOf([hard], { level })).toEqual(["single+deep"]);
  expect(searchesOf([hard], { canSearchDeep: false })).toEqual(["single"]);
});
