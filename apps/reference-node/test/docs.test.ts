import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { configFields } from "#src/config/fields.js";
import { parseConfig } from "#src/config/load.js";
import { cli, serve } from "./support/cli.js";
import { nodeConfig } from "./support/node-config.js";
import { tempFolder } from "./support/temp-folder.js";

const operate = readFileSync(new URL("../../../docs/operate/README.md", import.meta.url), "utf8");
// The formatter pads the cells of tables.
const rows = new Set(operate.split("\n").map((line) => line.replaceAll(/ +\|/g, " |")));

test("docs/operate lists every field with its meaning, values and default", () => {
  const { config } = parseConfig('[[listen]]\nurl = "xcp://127.0.0.1:0"', {
    file: "test",
    folder: ".",
    environment: {},
  });
  const missing = [...configFields].filter(([path, { meaning, allowed }]) => {
    if (!path.includes(".") || path.endsWith("[]")) return false;
    const start = `| \`${path}\` | ${meaning} | ${allowed} |`;
    const [table = "", field = ""] = path.split(".");
    const value = (config as unknown as Record<string, Record<string, unknown>>)[table]?.[field];
    const end = value === undefined ? "" : `\`${JSON.stringify(value)}\` |`;
    return ![...rows].some((row) => row.startsWith(start) && row.endsWith(end));
  });
  expect(missing.map(([path]) => path)).toEqual([]);
});

test("docs/operate lists every metric of a node, and no other", async () => {
  const folder = tempFolder();
  const node = await serve(nodeConfig(folder));
  try {
    await cli(["send", "-", "--to", node.urls[0] ?? ""], { input: "hello" });
    const text = await (await fetch(`${node.admin}/metrics`)).text();
    const own = [...text.matchAll(/^# TYPE ((?:xcp|ether|node)_\w+) (\w+)$/gm)];
    const told = [...operate.matchAll(/^\| `((?:xcp|ether|node)_\w+)` +\| (\w+)/gm)];
    const pairs = (matches: RegExpMatchArray[]): string[] =>
      matches.map(([, name, type]) => `${name} ${type}`).toSorted();
    expect(pairs(told)).toEqual(pairs(own));
  } finally {
    await node.end("SIGTERM");
    folder.remove();
  }
});
