import { expect, test } from "@jest/globals";
import { placeParts, readAcross } from "#src/io/migration/paged-parts.js";

const PAGE = 4;
const parts = placeParts(
  [
    { name: "a", length: 2 * PAGE },
    { name: "b", length: PAGE },
    { name: "c", length: 3 * PAGE },
  ],
  PAGE,
);

async function read(firstPage: number, pages: number): Promise<readonly string[]> {
  const reads: string[] = [];
  await readAcross(parts, PAGE, new Uint8Array(pages * PAGE), firstPage, async (into, part, at) => {
    reads.push(`${part.name} ${at}+${into.length}`);
  });
  return reads;
}

test("pages of parts come one behind the other", () => {
  expect(parts.map(({ name, firstPage }) => [name, firstPage])).toEqual([
    ["a", 0],
    ["b", 2],
    ["c", 3],
  ]);
});

test("each part is read once, from where the pages are in it", async () => {
  expect(await read(0, 6)).toEqual(["a 0+8", "b 0+4", "c 0+12"]);
  expect(await read(1, 3)).toEqual(["a 4+4", "b 0+4", "c 0+4"]);
  expect(await read(4, 1)).toEqual(["c 4+4"]);
  expect(await read(5, 0)).toEqual([]);
});

test("pages that no part has are refused", async () => {
  await expect(read(5, 2)).rejects.toThrow(RangeError);
  await expect(read(6, 1)).rejects.toThrow(RangeError);
  await expect(read(-1, 1)).rejects.toThrow(RangeError);
});
