import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { takeSnapshot } from "#src/replicate/snapshot.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

let folder: TempFolder;
let source: string;

beforeEach(() => {
  folder = tempFolder();
  source = join(folder.path, "source");
  mkdirSync(source);
});

afterEach(() => {
  folder.remove();
});

test("the archive of a folder is that of tar, with links of both kinds and more names than are looked at ahead", async () => {
  const names = ["./"];
  for (let i = 10; i < 60; i++) {
    writeFileSync(join(source, `file ${i}`), randomBytes(i * 1_000));
    names.push(`./file ${i}`);
  }
  mkdirSync(join(source, "inner"));
  linkSync(join(source, "file 10"), join(source, "inner", "hard"));
  symlinkSync("../file 20", join(source, "inner", "soft"));
  writeFileSync(join(source, "inner", "empty"), "");
  writeFileSync(join(source, "inner", "long".repeat(40)), "long");
  names.push("./inner", ...["empty", "hard", "long".repeat(40), "soft"].map((n) => `./inner/${n}`));
  const whole = join(folder.path, "whole");
  const options = { cwd: source, portable: true, noDirRecurse: true, strict: true, file: whole };
  await create(options, names);
  const into = join(folder.path, "snapshot");
  const { bytes } = await takeSnapshot({ path: source, kind: "directory" }, into);
  expect(readFileSync(into).equals(readFileSync(whole))).toBe(true);
  expect(bytes).toBe(readFileSync(whole).length);
});

test.each([1, 30, 300])(
  "a snapshot that nobody wants any more stops, with its reason, and keeps no file of %d open",
  async (files) => {
    for (let i = 0; i < files; i++) {
      writeFileSync(join(source, `file ${i}`), "");
      // Holes: far more than can be read meanwhile, or while it is waited for files to be closed.
      truncateSync(join(source, `file ${i}`), Math.floor(2 ** 40 / files));
    }
    const into = join(folder.path, "snapshot");
    const over = new AbortController();
    const reason = new Error("nobody wants it");
    const taking = takeSnapshot({ path: source, kind: "directory" }, into, over.signal);
    const ended = expect(taking).rejects.toBe(reason);
    await until(() => existsSync(`${into}.draft`), "a draft");
    over.abort(reason);
    await ended;
    expect(readdirSync(folder.path)).toEqual(["source"]);
    await allClosed();
  },
);

test("no file stays open, whenever a snapshot is stopped", async () => {
  for (let i = 0; i < 300; i++) {
    writeFileSync(join(source, `file ${i}`), "");
    truncateSync(join(source, `file ${i}`), 50_000_000);
  }
  const into = join(folder.path, "snapshot");
  for (let ms = 5; ms < 100; ms += 5) {
    const over = AbortSignal.timeout(ms);
    const taking = takeSnapshot({ path: source, kind: "directory" }, into, over);
    await expect(taking).rejects.toMatchObject({ name: "TimeoutError" });
    await allClosed();
  }
});

// Only Linux tells which files a process has open.
async function allClosed(): Promise<void> {
  if (process.platform === "linux") await until(() => openBelow(source) === 0, "closed files");
}

/** How many files beneath a folder this process has open. */
function openBelow(path: string): number {
  const open = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return open.filter((each) => each.startsWith(path)).length;
}
