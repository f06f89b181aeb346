import { afterEach, expect, test } from "@jest/globals";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
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
  await expect(writer.write(0, new Uint8Array(10))).rejects.toMatchObject({ code: "EBADF" });
  await expect(writer.write(10, new Uint8Array(10))).rejects.toMatchObject({ code: "EBADF" });
  await writer.settled();
});
