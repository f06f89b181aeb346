import { describe, expect, test } from "@jest/globals";
import {
  Codec,
  type DecodeContext,
  decodeUnit,
  type DeltaAlgorithm,
  deltaAlgorithms,
  memorySource,
  SLOT_SELF,
  type UnitBody,
} from "@proj/dwcp";
import { changed, lengths, shapes } from "../support/baseline-shapes.js";
import { codeOf } from "../support/failure.js";
import {
  contextOf,
  copyWithOwn,
  decodeAll,
  encodeAgainst,
  noise,
  wireBytes,
  words,
} from "../support/hde.js";

describe.each(["noise", "text", "zeros", "both"])("C1: %s of every length", (kind) => {
  test.each(lengths)("%d bytes come back by every algorithm, against every baseline", (length) => {
    const raw = {
      noise: noise(length, 1),
      text: words(length, 2),
      zeros: new Uint8Array(length),
      both: Buffer.concat([words(length >> 1, 2), noise(length - (length >> 1), 1)]),
    }[kind] as Uint8Array;
    const before = Buffer.from(raw);
    for (const [s, [shape, old]] of shapes(raw).entries()) {
      for (const [a, algorithm] of algorithmsFor(length).entries()) {
        for (const level of levelsFor(length, s + a)) {
          const units = encodeAgainst(raw, old, { algorithm, level });
          const title = `${shape}, ${algorithm}, level ${level}`;
          expect(`${title}: ${Buffer.compare(decodeAll(units, old), raw)}`).toBe(`${title}: 0`);
          for (const { encoded, rawBytes } of units) {
            expect(encoded.length).toBeLessThanOrEqual(rawBytes);
          }
        }
      }
    }
    expect(Buffer.compare(raw, before)).toBe(0);
  });
});

// By default each shape meets each algorithm at one of the levels; with FUZZ_RUNS set, at all of them.
function levelsFor(length: number, turn: number): readonly number[] {
  if (length > 300_000) return [3];
  const levels = [0, 1, 9];
  if (process.env["FUZZ_RUNS"] !== undefined) return levels;
  return levels.slice(turn % levels.length, (turn % levels.length) + 1);
}

// Sorting suffixes takes its time.
function algorithmsFor(length: number): readonly DeltaAlgorithm[] {
  return length > 70_000 ? deltaAlgorithms.filter((each) => each !== "bsdiff") : deltaAlgorithms;
}

describe("B10: what is chosen", () => {
  const codecsOf = (units: readonly UnitBody[]) => new Set(units.map(({ codec }) => codec));
  const image = words(2_000_000, 8);

  test("nothing, where nothing changed", () => {
    const units = encodeAgainst(image, image);
    expect([...codecsOf(units)]).toEqual([Codec.SAME]);
    expect(units.length).toBe(1);
  });

  test("nothing, for zeros", () => {
    expect([...codecsOf(encodeAgainst(new Uint8Array(3_000_000), undefined))]).toEqual([
      Codec.ZERO,
    ]);
  });

  test("a gigabyte that did not change would be sixteen units", () => {
    const zeros = new Uint8Array(5 * 2 ** 20);
    expect(encodeAgainst(zeros, undefined, { maxUnitRawBytes: 2 ** 20 }).length).toBe(5);
  });

  test("ZSTD for what shrinks but where a sample of its middle would not", () => {
    const middles = Array.from({ length: 4 }, (_, i) =>
      Buffer.concat([words(240_000, i), noise(40_000, i), words(240_000, i + 9)]),
    );
    const units = encodeAgainst(Buffer.concat(middles), undefined);
    expect([...codecsOf(units)]).toEqual([Codec.ZSTD]);
  });

  test("RAW no longer than four units after noise ended", () => {
    const after = 4_000_000;
    const units = encodeAgainst(Buffer.concat([noise(10_000_000, 1), words(after, 2)]), undefined);
    const stored = units.filter(({ codec }) => codec === Codec.RAW);
    expect(stored.reduce((sum, { rawBytes }) => sum + rawBytes, 0)).toBeLessThan(11_200_000);
  });

  test("RAW for noise, in units of the chunk's size", () => {
    const units = encodeAgainst(noise(2_000_000, 6), undefined);
    expect([...codecsOf(units)]).toEqual([Codec.RAW]);
    for (const { rawBytes } of units) expect(rawBytes).toBeLessThanOrEqual(524_288);
  });

  test("compression comes back after noise", () => {
    const raw = Buffer.concat([noise(600_000, 6), Buffer.alloc(12_000_000, words(100_000, 7))]);
    expect(codecsOf(encodeAgainst(raw, undefined))).toContain(Codec.ZSTD);
  });

  test("PAGES where some pages changed", () => {
    expect(codecsOf(encodeAgainst(changed(image, 300_000), image))).toContain(Codec.PAGES);
  });

  test("COPYLIT where everything moved", () => {
    const shifted = Buffer.concat([Buffer.from("inserted"), image]);
    expect(codecsOf(encodeAgainst(shifted, image))).toContain(Codec.COPYLIT);
  });

  test("XOR_ZSTD where single bytes changed in noise", () => {
    const raw = noise(1_000_000, 9);
    const units = encodeAgainst(changed(raw, 40), raw, { algorithm: "xor" });
    expect([...codecsOf(units)]).toEqual([Codec.XOR_ZSTD]);
  });

  test("noise never takes more than its bytes and its frames", () => {
    const raw = noise(3_000_000, 10);
    for (const old of [undefined, noise(3_000_000, 11)]) {
      const units = encodeAgainst(raw, old);
      const total = units.reduce((sum, { encoded }) => sum + encoded.length + 64, 0);
      expect(total).toBeLessThanOrEqual(raw.length * 1.001);
    }
  });
});

describe("B10: this transfer's own data", () => {
  const page = words(400_000, 12);
  const raw = Buffer.concat([page, noise(700_000, 13), page, page.subarray(100), page]);

  test("serve as a baseline once they are acknowledged", () => {
    const { units, decoded } = copyWithOwn(raw, 0);
    expect(Buffer.compare(decoded, raw)).toBe(0);
    const total = units.reduce((sum, { encoded }) => sum + encoded.length, 0);
    const alone = encodeAgainst(raw, undefined).reduce(
      (sum, { encoded }) => sum + encoded.length,
      0,
    );
    expect(total).toBeLessThan(alone * 0.9);
  });

  test("are left alone while they are under way", () => {
    const { units, decoded } = copyWithOwn(raw, 100);
    expect(Buffer.compare(decoded, raw)).toBe(0);
    expect(units.every(({ baselineSlot }) => baselineSlot === 0xffff)).toBe(true);
  });

  test("serve together with a baseline: what is new twice is sent once, what is old not at all", () => {
    const old = noise(1_000_000, 14);
    const fresh = noise(400_000, 15);
    const mixed = (seed: number) => {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < fresh.length; at += 20_000) {
        parts.push(noise(seed, seed), fresh.subarray(at, at + 20_000));
        parts.push(old.subarray(2 * at, 2 * at + 20_000));
      }
      return Buffer.concat(parts);
    };
    const twice = Buffer.concat([mixed(7), noise(2_000_000, 16), mixed(9)]);
    const { units, decoded } = copyWithOwn(twice, 0, memorySource(old));
    expect(Buffer.compare(decoded, twice)).toBe(0);
    expect(units.some(({ codec }) => codec === Codec.JOINT_ZSTD)).toBe(true);
    expect(wireBytes(units)).toBeLessThan(fresh.length + 2_000_000 + 60_000);

    const refused = copyWithOwn(twice, 0, memorySource(old), { joint: "refused" });
    expect(refused.units.every(({ codec }) => codec !== Codec.JOINT_ZSTD)).toBe(true);
    expect(Buffer.compare(refused.decoded, twice)).toBe(0);
  });

  test("that are not there, or no baseline, refuse a unit that needs both", () => {
    const unit: UnitBody = {
      rawOffset: 0,
      rawBytes: 5,
      rawCrc: 0,
      codec: Codec.JOINT_ZSTD,
      codecFlags: 0,
      baselineSlot: 3,
      dictionarySlot: 0,
      encoded: new Uint8Array(1),
    };
    const some = memorySource(noise(100, 1));
    const codeIn = (context: DecodeContext, baselineSlot = 3) =>
      codeOf(() => decodeUnit({ ...unit, baselineSlot }, context));
    expect(codeIn(contextOf(some, undefined))).toBe("dwcp.baseline_missing");
    expect(codeIn(contextOf(undefined, some))).toBe("dwcp.baseline_missing");
    expect(codeIn(contextOf(some, some), SLOT_SELF)).toBe("dwcp.decode");
    expect(codeIn(contextOf(some, some))).toBe("dwcp.decode");
  });
});
