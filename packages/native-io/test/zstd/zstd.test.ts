import { describe, expect, test } from "@jest/globals";
import { backend, type ZstdSearch } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { randomFillSync } from "node:crypto";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const name = "native-io with zstd";
const peer =
  backend.zstd === undefined ? { name, lack: backend.reason } : { name, found: backend.zstd };

test("the portable backend has none", () => {
  if (backend.kind === "portable") expect(backend.zstd).toBeUndefined();
});

describeWith("zstd", peer, (zstd) => {
  const text = Buffer.from("the same words over and over again, ".repeat(400));

  function roundTrip(source: Uint8Array, level: number, prefix?: Uint8Array): number {
    const into = new Uint8Array(source.length + 1_024);
    const options = prefix === undefined ? { level } : { level, prefix };
    const size = zstd.compress(source, into, options) ?? -1;
    const back = new Uint8Array(source.length);
    expect(zstd.decompress(into.subarray(0, size), back, prefix)).toBe(source.length);
    expect(Buffer.compare(back, source)).toBe(0);
    return size;
  }

  describe("compress", () => {
    test.each([-3, 1, 3, 9, 19])("comes back at level %d", (level) => {
      expect(roundTrip(text, level)).toBeLessThan(200);
    });

    test("finds what a prefix holds, whatever the prefix begins with", () => {
      const noise = randomFillSync(Buffer.alloc(20_000));
      noise.writeUInt32LE(0xec30a437);
      expect(roundTrip(noise, 3, Buffer.from(noise))).toBeLessThan(60);
    });

    test("says when the output does not fit, and refuses what zstd refuses", () => {
      expect(zstd.compress(text, new Uint8Array(10), { level: 3 })).toBeUndefined();
      expect(() => zstd.compress(text, new Uint8Array(99), { level: 3, windowLog: 99 })).toThrow(
        RangeError,
      );
    });

    test("reaches as far as it is told", () => {
      const far = new Uint8Array(9_000_000);
      for (let at = 0; at < 4_000_000; at++) far[at] = Math.imul(at, 2_654_435_761) >>> 24;
      for (let at = 0; at < 4_000_000; at++) far[5_000_000 + at] = far[at] ?? 0;
      const into = new Uint8Array(9_100_000);
      const near = zstd.compress(far, into, { level: 1, windowLog: 20 }) ?? 0;
      const options = { level: 1, windowLog: 24, longDistance: "on" } as const;
      expect(zstd.compress(far, into, options)).toBeLessThan(near);
    });
  });

  test("finds short pieces of a prefix anywhere when it looks densely", () => {
    const prefix = randomFillSync(Buffer.alloc(2_000_000));
    // 40 bytes of every kilobyte of the prefix, in another order, with noise between them.
    const parts = Array.from({ length: 2_000 }, (_, at) => {
      const from = ((at * 997) % 2_000) * 1_000;
      return [prefix.subarray(from, from + 40), randomFillSync(Buffer.alloc(20))];
    });
    const source = Buffer.concat(parts.flat());
    const into = new Uint8Array(source.length + 1_024);
    const sizes = (["off", "on", "dense"] as const).map((longDistance) => {
      const size = zstd.compress(source, into, { level: 3, windowLog: 22, prefix, longDistance });
      const back = new Uint8Array(source.length);
      expect(zstd.decompress(into.subarray(0, size), back, prefix)).toBe(source.length);
      expect(Buffer.compare(back, source)).toBe(0);
      return size ?? 0;
    });
    const [off = 0, on = 0, dense = 0] = sizes;
    expect(dense).toBeLessThan(0.9 * Math.min(off, on));
  });

  test("searches as it is told, and what any search makes comes back", () => {
    // Words and numbers: short matches that a lazy search weighs against each other.
    const rows = Array.from({ length: 9_000 }, (_, at) => `row ${at} of ${(at * 7_919) % 997};`);
    const source = Buffer.from(rows.join(" "));
    const into = new Uint8Array(source.length + 1_024);
    const sizeBy = (search: ZstdSearch): number => {
      const size = zstd.compress(source, into, { level: 3, search }) ?? 0;
      const back = new Uint8Array(source.length);
      expect(zstd.decompress(into.subarray(0, size), back)).toBe(source.length);
      expect(Buffer.compare(back, source)).toBe(0);
      return size;
    };
    const plain = sizeBy({});
    const lazy = { strategy: 5, hashLog: 18, chainLog: 15, searchLog: 2, minMatchBytes: 4 };
    expect(sizeBy(lazy)).toBeLessThan(0.98 * plain);
    expect(sizeBy({ ...lazy, searchLog: 4 })).not.toBe(sizeBy(lazy));
    expect(sizeBy({ ...lazy, rows: "off" })).not.toBe(sizeBy({ ...lazy, rows: "on" }));
    expect(() => zstd.compress(source, into, { level: 3, search: { strategy: 10 } })).toThrow(
      RangeError,
    );
  });

  describe("decompress", () => {
    test("any bytes give a size or a refusal, and write inside the output only", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), (bytes, room) => {
          const memory = new Uint8Array(room + 64).fill(0xa5);
          expect(zstd.decompress(bytes, memory.subarray(0, room))).toBeLessThanOrEqual(room);
          expect(memory.subarray(room).every((byte) => byte === 0xa5)).toBe(true);
        }),
        fuzzRuns(300),
      );
    });

    test("a frame with bytes flipped gives a size or a refusal", () => {
      const into = new Uint8Array(1_000);
      const size = zstd.compress(text, into, { level: 3 }) ?? 0;
      fc.assert(
        fc.property(fc.nat(size - 1), fc.nat(255), (at, byte) => {
          const wrong = into.slice(0, size);
          wrong[at] = byte;
          const back = new Uint8Array(text.length);
          expect(zstd.decompress(wrong, back)).toBeLessThanOrEqual(text.length);
        }),
        fuzzRuns(200),
      );
    });
  });
});
