import { expect, test } from "@jest/globals";
import { DEFAULT_DCQUIC_CONFIG, presets } from "@proj/dcquic-core";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const guide = readFileSync(
  fileURLToPath(new URL("../../../../docs/guide/dcquic-tuning.md", import.meta.url)),
  "utf8",
);

function sectionOf(title: string): string {
  return guide.split(/^## /m).find((section) => section.startsWith(title)) ?? "";
}

function said(value: unknown): string {
  if (typeof value === "number") {
    return value.toLocaleString("en-US", { maximumFractionDigits: 4 });
  }
  return typeof value === "string" ? value : "none";
}

/** Every key with its default, those of parts included. */
function defaults(): Readonly<Record<string, string>> {
  const all = Object.entries(DEFAULT_DCQUIC_CONFIG).flatMap(([key, value]: [string, unknown]) => {
    const part: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof part !== "object" || part === null) return [[key, said(value)]];
    const name = Array.isArray(value) ? `${key}[]` : key;
    return Object.entries(part).map(([inner, each]) => [`${name}.${inner}`, said(each)]);
  });
  // A card has no address of its own unless it is given one.
  return { ...Object.fromEntries(all), "nics[].address": "none" };
}

test("§20, §25: the configuration guide has every key with its default, and no other", () => {
  const section = sectionOf("Every key");
  const rows = [...section.matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\| [^|]+\|$/gm)];
  const told = Object.fromEntries(rows.map(([, key, value]) => [key, value]));
  expect(told).toEqual(defaults());
});

test("§25: it has every preset, and says what those for coarse timers have", () => {
  const section = sectionOf("Presets");
  const rows = [...section.matchAll(/^\| `(\w+)` +\| /gm)].map(([, name]) => name);
  expect(rows.slice(0, Object.keys(presets).length)).toEqual(Object.keys(presets));
  for (const { initialRttUs, onWorkerHang, timerGranularityUs, timerTickUs } of [
    presets.devLaptop,
    presets.twoCoreTest,
  ]) {
    expect([initialRttUs, timerGranularityUs, timerTickUs, onWorkerHang]).toEqual([
      10_000,
      2000,
      100,
      "event",
    ]);
  }
});
