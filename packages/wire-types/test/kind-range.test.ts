import { describe, expect, test } from "@jest/globals";
import { fnv1a32, holdsMinor, kindIdsOf, matchesKind, minorsOf, sameKind } from "@proj/wire-types";

const PUBLISHED_TEXT = 0x6ea7e21b;
const text = fnv1a32("text");

describe("§2: kind ids", () => {
  test("a published number is an alias of its kind and of no other", () => {
    expect(kindIdsOf(PUBLISHED_TEXT)).toEqual([PUBLISHED_TEXT, text]);
    expect(kindIdsOf(text)).toEqual([text]);
    expect([matchesKind(PUBLISHED_TEXT, "text"), matchesKind(PUBLISHED_TEXT, "image")]).toEqual([
      true,
      false,
    ]);
    expect([sameKind(text, PUBLISHED_TEXT), sameKind(text, fnv1a32("image"))]).toEqual([
      true,
      false,
    ]);
  });
});

describe("§6: ranges of minors", () => {
  const ranges = [
    { kindId: text, major: 1, minMinor: 0, maxMinor: 1 },
    { kindId: PUBLISHED_TEXT, major: 1, minMinor: 5, maxMinor: 6 },
    { kindId: text, major: 2, minMinor: 3, maxMinor: 3 },
  ];

  test("all ranges of a kind's major count, under either of its numbers", () => {
    const minors = minorsOf(ranges, text, 1);
    const covered = [0, 1, 2, 5, 6, 7].map((minor) => holdsMinor(minors, minor));
    expect(covered).toEqual([true, true, false, true, true, false]);
    expect(minorsOf(ranges, fnv1a32("image"), 1)).toEqual([]);
    expect(minorsOf(ranges, text, 3)).toEqual([]);
  });

  test("an empty list covers every kind and minor", () => {
    expect(holdsMinor(minorsOf([], 7, 9), 65_535)).toBe(true);
  });
});
