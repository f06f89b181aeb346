import { describe, expect, test } from "@jest/globals";
import { GainBook } from "#src/hde/gain-book.js";

const key = { kind: "memory", codec: "PAGES", level: 3 } as const;

describe("B10: what encoding gains", () => {
  test("is told per kind, codec and level, in bytes per second of a worker", () => {
    const book = new GainBook();
    book.note(key, 4_000, 1_000, 2);
    book.note({ ...key, level: 5 }, 1_000, 500, 1);
    book.note({ ...key, kind: "blob" }, 10, 20, 1);
    expect(book.list()).toEqual([
      { ...key, savedBytesPerSecond: 1_500, rawBytesPerSecond: 2_000 },
      { ...key, level: 5, savedBytesPerSecond: 500, rawBytesPerSecond: 1_000 },
      { ...key, kind: "blob", savedBytesPerSecond: 0, rawBytesPerSecond: 10 },
    ]);
  });

  test("follows what comes later by a fifth at a time", () => {
    const book = new GainBook();
    book.note(key, 1_000, 0, 1);
    book.note(key, 2_000, 0, 1);
    expect(book.list()[0]?.savedBytesPerSecond).toBe(1_200);
  });

  test("does not count what took no time", () => {
    const book = new GainBook();
    book.note(key, 1_000, 0, 0);
    book.note(key, 1_000, 0, Number.NaN);
    expect(book.list()).toEqual([]);
  });
});
