import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { contentIdOf, memorySource } from "@proj/dwcp";
import { BaselineFiles } from "@proj/dwcp/node";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platform, words } from "../support/hde.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "baselines-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const state = words(3_000_000, 1);
const id = contentIdOf(memorySource(state), platform);
const note = { key: "db/main", generation: 7 };

describe("B12: baselines on disk", () => {
  test("survive the process, and are checked when they are opened", async () => {
    const files = await BaselineFiles.open(directory, platform);
    await files.write(id, memorySource(state), note);
    const again = await BaselineFiles.open(directory, platform);
    expect(await again.list()).toEqual([{ id, length: state.length, ...note }]);
    const opened = await again.read(id);
    expect(Buffer.compare(opened.source.read(10, 50_000), state.subarray(10, 50_010))).toBe(0);
    opened.close();
    await again.remove(id);
    expect(await again.list()).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("that are not there, or not what they say, are refused by their code", async () => {
    const files = await BaselineFiles.open(directory, platform);
    await expect(files.read(id)).rejects.toMatchObject({ code: "dwcp.baseline_missing" });
    await files.write(id, memorySource(state), note);
    truncateSync(join(directory, `${id}.baseline`), 1_000_000);
    await expect(files.read(id)).rejects.toMatchObject({ code: "dwcp.baseline_mismatch" });
    expect(await files.list()).toEqual([]);
    await expect(files.read("../../etc/passwd")).rejects.toThrow(RangeError);
  });

  test("what an interrupted writer left is removed", async () => {
    for (const name of ["x.draft", `${id}.json`]) writeFileSync(join(directory, name), "{}");
    writeFileSync(join(directory, `${"00".repeat(32)}.baseline`), "half");
    const files = await BaselineFiles.open(directory, platform);
    expect(await files.list()).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});
