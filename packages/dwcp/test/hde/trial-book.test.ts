import { expect, test } from "@jest/globals";
import { TrialBook } from "#src/hde/trial-book.js";

const ways = ["one", "other"] as const;

function lose(book: TrialBook<"one" | "other">, units: number): string {
  let tried = "";
  for (let unit = 0; unit < units; unit++) {
    tried += book.isDue("other") ? "t" : ".";
    book.note(ways, "one");
  }
  return tried;
}

test("B10: a way that loses again and again is passed over, and tried after 8 units and then one in 16", () => {
  const book = new TrialBook<"one" | "other">();
  const tried = lose(book, 80);
  expect(
    Array.from({ length: 80 }, (_, unit) => unit).filter((unit) => tried[unit] === "t"),
  ).toEqual([0, 1, 2, 8, 16, 32, 48, 64]);
  expect(book.isDue("one")).toBe(true);
});

test("B10: a way that wins is tried again from then on", () => {
  const book = new TrialBook<"one" | "other">();
  lose(book, 8);
  book.note(ways, "other");
  expect(lose(book, 5)).toBe("ttt..");
});

test("B10: where none of the ways made the unit, all of them have lost", () => {
  const book = new TrialBook<"one" | "other">();
  for (let unit = 0; unit < 3; unit++) book.note(ways, undefined);
  expect(ways.map((way) => book.isDue(way))).toEqual([false, false]);
});
