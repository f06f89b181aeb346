import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coveredBytes, mergeRanges, missingRanges } from "#src/dcquic/file-ranges.js";
import { ReceivedFile } from "#src/dcquic/received-file.js";

test("ranges that are safe at the same time make one file of it, and both know", async () => {
  const folder = await mkdtemp(join(tmpdir(), "received-file-"));
  try {
    const content = randomBytes(2000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = await ReceivedFile.open(folder, { name: "a.bin", sha256, total: 2000 });
    const handle = await file.handle();
    await handle.write(content);
    await handle.close();
    const states = [0, 1000].map((offset) => file.add({ offset, bytes: 1000 }));
    expect(await Promise.all(states)).toEqual(["whole", "whole"]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
    expect((await readFile(join(folder, "a.bin"))).equals(content)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("ranges of any length that overlap are whole when every byte is there, and not before", async () => {
  const folder = await mkdtemp(join(tmpdir(), "received-file-"));
  try {
    const content = randomBytes(1000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = await ReceivedFile.open(folder, { name: "b.bin", sha256, total: 1000 });
    const handles = await Promise.all([file.handle(), file.handle()]);
    await handles[0].write(content);
    await Promise.all(handles.map((handle) => handle.close()));
    expect(await file.add({ offset: 0, bytes: 600 })).toBe("partly");
    expect(await file.add({ offset: 100, bytes: 500 })).toBe("partly");
    expect(await file.ranges()).toEqual([{ offset: 0, bytes: 600 }]);
    expect(await file.add({ offset: 0, bytes: 100 })).toBe("partly");
    expect(await file.add({ offset: 500, bytes: 500 })).toBe("whole");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what somebody took away is not held any more", async () => {
  const folder = await mkdtemp(join(tmpdir(), "received-file-"));
  try {
    const file = await ReceivedFile.open(folder, {
      name: "c.bin",
      sha256: "0".repeat(64),
      total: 9,
    });
    await (await file.handle()).close();
    await file.add({ offset: 0, bytes: 4 });
    expect(await file.ranges()).toHaveLength(1);
    await rm(join(folder, "c.bin.part"));
    expect(await file.ranges()).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what is held and what is missing are each byte of a file once", () => {
  const range = fc.record({ offset: fc.nat(60), bytes: fc.nat(30) });
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 8 }),
      fc.nat(70),
      fc.integer({ min: 1, max: 40 }),
      (held, total, length) => {
        const missing = missingRanges(held, total, length);
        expect(missing.every(({ bytes }) => bytes <= length)).toBe(true);
        const cells = Array.from({ length: total }, () => 0);
        for (const { offset, bytes } of mergeRanges(held)) {
          for (let i = offset; i < Math.min(total, offset + bytes); i++)
            cells[i] = (cells[i] ?? 0) + 1;
        }
        for (const { offset, bytes } of missing) {
          for (let i = offset; i < offset + bytes; i++) cells[i] = (cells[i] ?? 0) + 1;
        }
        expect(cells.every((count) => count === 1)).toBe(true);
        expect(coveredBytes([...held, ...missing])).toBeGreaterThanOrEqual(total);
        if (total > 0) expect(missingRanges([...held, ...missing], total, length)).toEqual([]);
      },
    ),
  );
});

test("an empty file is one empty range, once", () => {
  expect(missingRanges([], 0, 5)).toEqual([{ offset: 0, bytes: 0 }]);
  expect(missingRanges([{ offset: 0, bytes: 0 }], 0, 5)).toEqual([]);
});
