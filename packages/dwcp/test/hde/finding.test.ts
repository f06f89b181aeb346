import { describe, expect, test } from "@jest/globals";
import { memorySource } from "@proj/dwcp";
import { diffBytes } from "#src/hde/bsdiff.js";
import { applyBsdiff, encodeBsdiff } from "#src/hde/bsdiff-patch.js";
import { literalBytesOf } from "#src/hde/copy-ops.js";
import { cutChunks } from "#src/hde/fast-cdc.js";
import { BlockIndex, matchBlocks, weakSum } from "#src/hde/match-blocks.js";
import { ChunkIndex, matchChunks } from "#src/hde/match-chunks.js";
import { suffixArray } from "#src/hde/suffix-array.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { limits, noise, packings, words } from "../support/hde.js";

const old = noise(400_000, 1);
const inserted = Buffer.concat([
  old.subarray(0, 123_457),
  Buffer.from("inserted"),
  old.subarray(123_457),
]);

describe("B11: rsync", () => {
  test("the weak sum moves by one byte as if it were summed anew", () => {
    const size = 700;
    let sum = weakSum(old.subarray(0, size));
    for (let at = 0; at < 2_000; at++) {
      const leaving = old[at] ?? 0;
      const first = ((sum & 0xffff) - leaving + (old[at + size] ?? 0)) & 0xffff;
      const second = ((sum >>> 16) - size * leaving + first) & 0xffff;
      sum = ((second << 16) | first) >>> 0;
      expect(sum).toBe(weakSum(old.subarray(at + 1, at + 1 + size)));
    }
  });

  test("finds blocks at every byte position", () => {
    const source = memorySource(old);
    const ops = matchBlocks(inserted, 0, source, new BlockIndex(source));
    expect(literalBytesOf(ops)).toBe(8);
    const away = matchBlocks(inserted, 5_000_000, source, new BlockIndex(source));
    expect(literalBytesOf(away)).toBe(8);
  });

  test("blocks of equal sums are told apart by their bytes", () => {
    // Two blocks whose weak sums are equal: the second one is the first with 1, −2, 1 added to three bytes in a row.
    const block = Uint8Array.from({ length: 512 }, () => 100);
    const twin = Uint8Array.from(block);
    twin.set([101, 98, 101], 10);
    expect(weakSum(twin)).toBe(weakSum(block));
    const source = memorySource(block);
    const raw = Buffer.concat([noise(100, 2), twin]);
    const ops = matchBlocks(raw, 0, source, new BlockIndex(source));
    let at = 0;
    for (const op of ops) {
      if (op.kind === "copy") {
        const copied = block.subarray(op.offset, op.offset + op.length);
        expect(Buffer.compare(copied, raw.subarray(at, at + op.length))).toBe(0);
      }
      at += op.length;
    }
    expect(at).toBe(raw.length);
  });
});

describe("B11: FastCDC", () => {
  const average = 8_192;

  test("cuts within its bounds, about where it should", () => {
    const cuts = cutChunks(noise(4_000_000, 3), average);
    let before = 0;
    for (const [at, cut] of cuts.entries()) {
      expect(cut - before).toBeLessThanOrEqual(4 * average);
      if (at < cuts.length - 1) expect(cut - before).toBeGreaterThanOrEqual(average / 4);
      before = cut;
    }
    expect(before).toBe(4_000_000);
    expect(4_000_000 / cuts.length).toBeGreaterThan(average / 2);
    expect(4_000_000 / cuts.length).toBeLessThan(average * 2);
  });

  test("cuts the same bytes alike wherever they lie", () => {
    const cuts = new Set(cutChunks(old, average));
    const moved = cutChunks(Buffer.concat([noise(1_003, 4), old]), average);
    const common = moved.filter((cut) => cuts.has(cut - 1_003));
    expect(common.length).toBeGreaterThan(cuts.size * 0.8);
  });

  test("finds what moved", () => {
    const source = memorySource(old);
    const ops = matchChunks(inserted, 0, source, new ChunkIndex(source));
    expect(literalBytesOf(ops)).toBeLessThan(20_000);
  });

  test("refuses an average that is no power of two", () => {
    expect(() => cutChunks(old, 5_000)).toThrow(RangeError);
  });
});

describe("B11: bsdiff", () => {
  test("sorts suffixes as comparing them does", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.array(fc.nat(2), { maxLength: 120 })),
        (values) => {
          const bytes = Uint8Array.from(values);
          const sorted = Array.from(bytes.keys()).toSorted((a, b) =>
            Buffer.compare(bytes.subarray(a), bytes.subarray(b)),
          );
          expect([...suffixArray(bytes)]).toEqual(sorted);
        },
      ),
      fuzzRuns(300),
    );
  });

  test.each(packings)("makes the new bytes again, whatever the old ones are: %s", (_, packing) => {
    const text = fc.array(fc.constantFrom("ab", "abc", "x", "yz", "0123456789"), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, text, fc.uint8Array({ maxLength: 30 }), (a, b, extra) => {
        const before = Buffer.from(a.join(""));
        const raw = Buffer.concat([Buffer.from(b.join("")), extra, before.subarray(3)]);
        const patch = diffBytes(raw, { bytes: before, suffixes: suffixArray(before) });
        const encoded = encodeBsdiff(patch, packing);
        const back = applyBsdiff(encoded, before, raw.length, packing, limits);
        expect(Buffer.compare(back, raw)).toBe(0);
      }),
      fuzzRuns(300),
    );
  });

  test.each(packings)("takes little for bytes that differ here and there: %s", (_, packing) => {
    const before = words(200_000, 5);
    const raw = Buffer.concat([Buffer.from("new head"), before]);
    for (let at = 40; at < raw.length; at += 97) raw[at] = (raw[at] ?? 0) + 1;
    const patch = diffBytes(raw, { bytes: before, suffixes: suffixArray(before) });
    expect(encodeBsdiff(patch, packing).length).toBeLessThan(2_500);
  });

  test("takes seconds for memory that repeats itself, and differs here and there", () => {
    // What is new is like the start of what is old but for five bytes, and just like the rest of it.
    const before = Buffer.alloc(700_000);
    for (let at = 30_000; at < 300_000; at += 60_000) before.writeUInt8(7, at);
    const raw = Buffer.alloc(300_000);
    const [[, packing]] = packings as [(typeof packings)[0]];
    const patch = diffBytes(raw, { bytes: before, suffixes: suffixArray(before) });
    const encoded = encodeBsdiff(patch, packing);
    expect(Buffer.compare(applyBsdiff(encoded, before, raw.length, packing, limits), raw)).toBe(0);
    expect(encoded.length).toBeLessThan(100);
  });
});
