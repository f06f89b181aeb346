import { expect, test } from "@jest/globals";
import { Codec, OwnWorth, SLOT_SELF } from "@proj/dwcp";

type Step = readonly [codec: number, rawBytes: number, encodedBytes: number, baselineSlot?: number];

function paysAfter(reference: "baseline" | "none", ...steps: readonly Step[]): boolean {
  const worth = new OwnWorth(reference);
  for (const [codec, rawBytes, encodedBytes, baselineSlot = 0] of steps) {
    worth.note({
      codec: codec as never,
      rawBytes,
      encoded: new Uint8Array(encodedBytes),
      baselineSlot,
    });
  }
  return worth.pays;
}

test("B10: without a baseline own data are always worth an index", () => {
  expect(paysAfter("none", [Codec.PAGES, 1_000_000, 10])).toBe(true);
});

test("B10: pages that change in place are worth one while the baseline gives little", () => {
  expect(paysAfter("baseline")).toBe(true);
  expect(paysAfter("baseline", [Codec.PAGES, 16_000, 1_000])).toBe(true);
  expect(paysAfter("baseline", [Codec.PAGES, 16_001, 1_000])).toBe(false);
});

test("B10: content that moves is worth one up to a higher gain", () => {
  const moved: Step = [Codec.COPYLIT, 4_000, 1_000];
  expect(paysAfter("baseline", moved, [Codec.PAGES, 60_000, 0])).toBe(true);
  expect(paysAfter("baseline", moved, [Codec.PAGES, 60_001, 0])).toBe(false);
  expect(paysAfter("baseline", moved, [Codec.SAME, 60_000, 0])).toBe(true);
  expect(paysAfter("baseline", moved, [Codec.SAME, 60_001, 0])).toBe(false);
  expect(paysAfter("baseline", [Codec.COPYLIT, 1_000, 1_000], [Codec.PAGES, 16_000, 0])).toBe(
    false,
  );
});

test("B10: pages that change in place are no longer worth one where 16 MiB of them hardly referred to own data", () => {
  const changed: Step = [Codec.PAGES, 15_000_000, 3_000_000];
  const more = [Codec.PAGES, 2_000_000, 400_000] as const;
  expect(paysAfter("baseline", changed)).toBe(true);
  expect(paysAfter("baseline", changed, more)).toBe(false);
  expect(paysAfter("baseline", changed, [...more, SLOT_SELF])).toBe(true);
  expect(paysAfter("none", changed, more)).toBe(true);
});
