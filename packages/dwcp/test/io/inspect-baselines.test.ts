import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaselineFiles, inspectBaselines, nodeHdePlatform } from "@proj/dwcp/node";
import { contentIdOf } from "#src/hde/content-id.js";
import { memorySource } from "#src/hde/byte-source.js";

const platform = await nodeHdePlatform();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function keep(text: string, generation: number, baseId?: string): Promise<string> {
  const files = await BaselineFiles.open(folder, platform);
  const source = memorySource(Buffer.from(text));
  const id = contentIdOf(source, platform);
  await files.write(id, source, { key: "db", generation, baseId });
  return id;
}

test("tells what is there, how states hang together, and what was changed; nothing is touched", async () => {
  const first = await keep("first", 1);
  const second = await keep("second", 2, first);
  const third = await keep("third", 3, second);
  writeFileSync(join(folder, `${second}.baseline`), "sec0nd");
  rmSync(join(folder, `${third}.json`));
  writeFileSync(join(folder, "left.draft"), "half");
  const before = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]);
  const found = await inspectBaselines(folder, platform);
  expect(found).toMatchObject([
    { id: third, state: "unnamed", length: 5, chainLength: 1 },
    { id: first, state: "sound", key: "db", generation: 1, length: 5, chainLength: 1 },
    { id: second, state: "changed", generation: 2, baseId: first, chainLength: 2 },
  ]);
  expect(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))])).toEqual(
    before,
  );
});

test("notes that point at each other end", async () => {
  const other = "ab".repeat(32);
  const id = await keep("text", 1, other);
  writeFileSync(join(folder, `${other}.baseline`), "");
  writeFileSync(join(folder, `${other}.json`), `{"key":"db","generation":0,"baseId":"${id}"}`);
  const found = await inspectBaselines(folder, platform);
  expect(found.map(({ chainLength }) => chainLength)).toEqual([2, 2]);
});

test("a folder that is not there is an error", async () => {
  await expect(inspectBaselines(join(folder, "no"), platform)).rejects.toThrow("ENOENT");
});
