import { describe, expect, test } from "@jest/globals";
import {
  codecNameOf,
  type CodecNumber,
  decodeUnit,
  deltaAlgorithms,
  memorySource,
  type UnitBody,
} from "@proj/dwcp";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { codeOf } from "../support/failure.js";
import { contextOf, encodeAgainst, noise, words } from "../support/hde.js";

const root = new URL("../../../../", import.meta.url);
const benches = new URL("packages/dwcp/bench/", root);

describe("C2: no decoder guesses", () => {
  const old = Buffer.concat([words(200_000, 1), noise(100_000, 2)]);
  const raw = Buffer.from(old);
  for (let at = 5; at < raw.length; at += 9_001) raw.writeUInt8(raw.readUInt8(at) ^ 0x5a, at);
  // Not one of its pages is that of the baseline.
  const wrong = Buffer.from(old);
  for (let at = 11; at < wrong.length; at += 997) wrong.writeUInt8(wrong.readUInt8(at) ^ 1, at);

  /** The units of every algorithm: whole ones, and those that refer to the baseline. */
  const units = deltaAlgorithms.flatMap((algorithm) => encodeAgainst(raw, old, { algorithm }));

  test("a unit against another baseline than its own is refused by its checksum", () => {
    let refused = 0;
    for (const unit of units) {
      const context = contextOf(memorySource(wrong));
      const bytes = new Uint8Array(unit.rawBytes);
      const code = codeOf(() => bytes.set(decodeUnit(unit, context)));
      if (code === undefined) {
        // It met none of the bytes that differ, or needs no baseline.
        expect(isEqualPart(unit, bytes)).toBe(true);
      } else {
        refused += 1;
        expect(["dwcp.unit_crc", "dwcp.decode"]).toContain(code);
      }
    }
    expect(refused).toBeGreaterThan(2);
  });

  test("a unit said to be of another codec is refused, or is the same bytes", () => {
    for (const unit of units) {
      for (let codec = 0; codec < 16; codec++) {
        if (codec === unit.codec) continue;
        const other: UnitBody = { ...unit, codec: codec as CodecNumber };
        const bytes = new Uint8Array(unit.rawBytes);
        const code = codeOf(() => bytes.set(decodeUnit(other, contextOf(memorySource(old)))));
        const title = `${codecNameOf(unit.codec)} as ${codecNameOf(other.codec)}`;
        if (code === undefined) expect([title, isEqualPart(unit, bytes)]).toEqual([title, true]);
      }
    }
  });

  function isEqualPart({ rawOffset, rawBytes }: UnitBody, bytes: Uint8Array): boolean {
    return raw.subarray(rawOffset, rawOffset + rawBytes).equals(bytes);
  }
});

describe("C7: every number that is published comes from a command", () => {
  const performance = readFileSync(new URL("docs/performance.md", root), "utf8");
  const sections = performance.split(/^## /m).filter((section) => section.startsWith("DWCP"));

  test("that is there, and says on which commit it ran", () => {
    expect(sections.length).toBeGreaterThan(1);
    const named = readdirSync(benches).filter((name) => name.endsWith(".ts"));
    for (const section of sections) {
      const commands = [...section.matchAll(/`npm run bench -- ([a-z-]+)/g)].map(
        ([, name]) => name,
      );
      expect(commands.length).toBeGreaterThan(0);
      for (const name of commands) expect(named).toContain(`${name}.ts`);
      expect(section).toMatch(/commit [0-9a-f]{7}/);
    }
  });

  test("and ratios of the guide are explained with the data that they are of", () => {
    const guide = readFileSync(new URL("docs/guide/dwcp-encoding.md", root), "utf8");
    expect(guide).toContain("npm run bench -- dwcp");
    expect(existsSync(new URL("data", benches))).toBe(true);
  });
});
