import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { IntervalSet } from "@proj/wire-types";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Part } from "#src/io/store/part.js";
import { UnitWriter } from "#src/io/transfer/unit-writer.js";
import { noise, platform } from "../support/hde.js";

const raw = noise(300_000, 7);
let folder: string;
let part: Part;
let stored: IntervalSet;
let writer: UnitWriter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unit-writer-"));
  part = new Part(join(folder, "object"), {
    transferId: "cd".repeat(16),
    rawLength: raw.length,
    generation: 0,
    leafBytes: 1_048_576,
    keyDigest: "00".repeat(32),
    rootHash: undefined,
  });
  stored = new IntervalSet();
  writer = new UnitWriter(part, stored, platform);
});

afterEach(async () => {
  await part.stop();
  part.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a stretch as a unit, and notes it as a transfer does. */
function write(start: number, bytes: Uint8Array): Promise<void> {
  const rawCrc = platform.crc32(bytes);
  return writer.write({ rawOffset: start, rawCrc }, bytes, () => {
    stored.add(start, start + bytes.length);
  });
}

test("units in any order make the object, and their records become durable", async () => {
  const starts = [200_000, 0, 100_000];
  await Promise.all(starts.map((at) => write(at, raw.subarray(at, at + 100_000))));
  expect(stored.covered).toBe(raw.length);
  expect(readFileSync(part.path).equals(raw)).toBe(true);
  await part.sync();
  expect(part.held).toEqual([[0, raw.length]]);
});

test("copies of a unit that come at the same time are both fine", async () => {
  const unit = raw.subarray(0, 100_000);
  await Promise.all([write(0, unit), write(0, unit), write(50_000, raw.subarray(50_000, 150_000))]);
  expect(readFileSync(part.path).equals(raw.subarray(0, 150_000))).toBe(true);
});

test("a copy that differs from what is being written is refused, and changes nothing", async () => {
  const other = new Uint8Array(raw.subarray(0, 100_000));
  other[99_999] = (other[99_999] ?? 0) ^ 1;
  const first = write(0, raw.subarray(0, 100_000));
  await expect(write(0, other)).rejects.toMatchObject({ code: "dwcp.integrity" });
  await first;
  expect(readFileSync(part.path).equals(raw.subarray(0, 100_000))).toBe(true);
});

test("nothing is written after the part was stopped, and stopping waits for what is under way", async () => {
  const under = write(0, raw.subarray(0, 100_000));
  const waiting = write(50_000, raw.subarray(50_000, 200_000));
  const stopped = part.stop();
  await expect(waiting).rejects.toMatchObject({ code: "dwcp.shutdown" });
  await Promise.all([under, stopped]);
  await expect(write(200_000, raw.subarray(200_000))).rejects.toMatchObject({
    code: "dwcp.shutdown",
  });
  expect(readFileSync(part.path).equals(raw.subarray(0, 100_000))).toBe(true);
});
