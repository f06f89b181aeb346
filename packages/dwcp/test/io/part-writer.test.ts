import { afterEach, expect, test } from "@jest/globals";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PartWriter } from "#src/io/store/part-writer.js";

const folder = mkdtempSync(join(tmpdir(), "part-writer-"));
const path = join(folder, "part");
let fd: number | undefined;

afterEach(() => {
  if (fd !== undefined) closeSync(fd);
  fd = undefined;
  rmSync(path, { force: true });
});

function opened(flags: string): PartWriter {
  fd = openSync(path, flags);
  return new PartWriter(fd);
}

test("pieces in any order end up where they belong", async () => {
  const writer = opened("w+");
  const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  const starts = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) * 1_000);
  await Promise.all(starts.map((at) => writer.write(at, whole.subarray(at, at + 1_000))));
  expect(readFileSync(path).equals(whole)).toBe(true);
});

test("is settled once everything under way is written", async () => {
  const writer = opened("w+");
  let written = 0;
  for (let at = 0; at < 20; at++) {
    void writer.write(at * 10_000, new Uint8Array(10)).then(() => (written += 1));
  }
  await writer.settled();
  expect(written).toBe(20);
  await writer.settled();
});

test("a refusal of the system reaches whoever wrote, and what comes later is tried all the same", async () => {
  closeSync(openSync(path, "w"));
  const writer = opened("r");
  const bytes = new Uint8Array(10).fill(1);
  await expect(writer.write(0, bytes)).rejects.toMatchObject({ code: "EBADF" });
  await expect(writer.write(10, bytes)).rejects.toMatchObject({ code: "EBADF" });
  await writer.settled();
});

test("zeros take no room, and are there", async () => {
  const writer = opened("w+");
  const ones = new Uint8Array(5_000).fill(1);
  const zeros = new Uint8Array(20_000_000);
  await Promise.all([
    writer.write(0, ones),
    writer.write(5_000, zeros),
    writer.write(20_005_000, ones),
    writer.write(20_010_000, zeros),
  ]);
  const expected = Buffer.concat([ones, zeros, ones, zeros]);
  expect(readFileSync(path).equals(expected)).toBe(true);
  // In blocks of 512 bytes; a file system without holes has them all.
  if (process.platform === "linux") expect(statSync(path).blocks * 512).toBeLessThan(1_000_000);
});

test("zeros are written where other bytes were: by this process or an earlier one", async () => {
  writeFileSync(path, new Uint8Array(3_000).fill(7));
  const writer = opened("r+");
  await writer.write(4_000, new Uint8Array(1_000).fill(8));
  await writer.write(1_000, new Uint8Array(1_000));
  await writer.write(4_500, new Uint8Array(1_000));
  const expected = new Uint8Array(5_500)
    .fill(7, 0, 1_000)
    .fill(7, 2_000, 3_000)
    .fill(8, 4_000, 4_500);
  expect(readFileSync(path).equals(expected)).toBe(true);
});
