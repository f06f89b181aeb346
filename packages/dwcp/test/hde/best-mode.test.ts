import { beforeAll, describe, expect, test } from "@jest/globals";
import {
  Codec,
  decodeUnit,
  type HdePlatform,
  memorySource,
  ObjectEncoder,
  type UnitBody,
} from "@proj/dwcp";
import { diffBytes } from "#src/hde/bsdiff.js";
import { applyBsdiff, encodeBsdiff } from "#src/hde/bsdiff-patch.js";
import { suffixArray } from "#src/hde/suffix-array.js";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { NetworkReader } from "#src/wire/network-reader.js";
import { NetworkWriter } from "#src/wire/network-writer.js";
import { changed, lengths, relinked, shapes } from "../support/baseline-shapes.js";
import { codeOf } from "../support/failure.js";
import {
  contextOf,
  decodeAll,
  encodeAgainst,
  limits,
  noise,
  packings,
  platform,
  settingsOf,
  words,
} from "../support/hde.js";

const MIB = 2 ** 20;
// Sorting suffixes takes its time.
const LONGEST = 70_000;

describe.each(packings)("C1: %s", (_, packing) => {
  test.each(lengths.filter((length) => length <= LONGEST))(
    "brings back %d bytes against every baseline",
    (length) => {
      for (const raw of [words(length, 2), noise(length, 1), new Uint8Array(length)]) {
        for (const [shape, old = new Uint8Array(0)] of shapes(raw)) {
          const patch = diffBytes(raw, { bytes: old, suffixes: suffixArray(old) });
          const encoded = encodeBsdiff(patch, packing);
          const back = applyBsdiff(encoded, old, length, packing, limits);
          expect(`${shape}: ${Buffer.compare(back, raw)}`).toBe(`${shape}: 0`);
        }
      }
    },
  );
});

describe("B5: best mode", () => {
  const old = noise(300_000, 1);
  const raw = relinked(old);
  const best = (chosen: Parameters<typeof encodeAgainst>[2]) =>
    encodeAgainst(raw, old, { algorithm: "bsdiff", ...chosen });
  const codecsOf = (units: readonly UnitBody[]) => [...new Set(units.map(({ codec }) => codec))];
  const bytesOf = (units: readonly UnitBody[]) =>
    units.reduce((sum, { encoded }) => sum + encoded.length, 0);
  const without: HdePlatform = { ...platform, brotli: undefined };

  test("packs by brotli where the receiver agreed and that is shorter, and decodes to the same bytes", () => {
    const [agreed, refused] = [best({}), best({ brotli: "refused" })];
    expect(codecsOf(agreed)).toEqual([Codec.BSDIFF_BROTLI]);
    expect(codecsOf(refused)).toEqual([Codec.BSDIFF]);
    expect(bytesOf(agreed)).toBeLessThan(0.95 * bytesOf(refused));
    for (const units of [agreed, refused]) expect(decodeAll(units, old)).toEqual(Buffer.from(raw));
  });

  test("is BSDIFF where nothing was agreed on, and where the platform has no brotli", () => {
    expect(codecsOf(best({ brotli: undefined }))).toEqual([Codec.BSDIFF]);
    expect(codecsOf(best({ platform: without }))).toEqual([Codec.BSDIFF]);
  });

  test("is BSDIFF where brotli came out longer", () => {
    const brotli = { ...platform.brotli, compress: (bytes: Uint8Array) => bytes } as NonNullable<
      HdePlatform["brotli"]
    >;
    expect(codecsOf(best({ platform: { ...platform, brotli } }))).toEqual([Codec.BSDIFF]);
  });

  test("is refused by a receiver without brotli, as what it cannot decode", () => {
    const [unit] = best({});
    if (unit === undefined) throw new Error("a unit");
    const context = { ...contextOf(memorySource(old)), platform: without };
    expect(codeOf(() => decodeUnit(unit, context))).toBe("dwcp.decode");
  });

  test("has no codec without agreement but for who asks: `auto` never takes it", () => {
    expect(codecsOf(encodeAgainst(raw, old, { algorithm: "auto" }))).not.toContain(
      Codec.BSDIFF_BROTLI,
    );
  });

  test("cuts units so short that packing one does not take long", () => {
    const long = words(9 * MIB, 3);
    const lengthsOf = encodeAgainst(changed(long, 3_000), long, { algorithm: "bsdiff" });
    for (const { rawBytes } of lengthsOf) expect(rawBytes).toBeLessThanOrEqual(2 * MIB);
  });

  test.each([
    ["object", 65 * MIB, 4_096],
    ["baseline", 8_192, 65 * MIB],
  ])("is for 64 MiB: an %s above them is encoded as by `auto`", (_, objectBytes, baselineBytes) => {
    const zeros = new Uint8Array(4_096);
    const reads: number[] = [];
    const read = (_offset: number, length: number) => {
      reads.push(length);
      return length <= zeros.length ? zeros.subarray(0, length) : new Uint8Array(length);
    };
    const source = { length: baselineBytes, read };
    const object = { length: objectBytes, read: () => changed(new Uint8Array(8_192), 700) };
    const reference = { slot: 3, source, anchors: undefined, isInPlace: true };
    const encoder = new ObjectEncoder(object, reference, settingsOf({ algorithm: "bsdiff" }));
    const units = [...encoder.encode(0, 8_192)];
    expect(codecsOf(units).every((codec) => codec < Codec.BSDIFF)).toBe(true);
    // Nobody read all of it to sort it.
    expect(Math.max(...reads)).toBeLessThan(MIB);
  });
});

interface Stream {
  readonly content: number;
  readonly packed: Uint8Array;
}

describe("B5: what BSDIFF_BROTLI looks like", () => {
  const old = words(60_000, 4);
  const raw = Buffer.concat([Buffer.from("in front"), changed(old, 900), noise(3_000, 5)]);
  let unit: UnitBody;
  let streams: Stream[];

  beforeAll(() => {
    const patch = diffBytes(raw, { bytes: old, suffixes: suffixArray(old) });
    const encoded = encodeBsdiff(patch, (packings[1] as (typeof packings)[0])[1]);
    unit = {
      rawOffset: 0,
      rawBytes: raw.length,
      rawCrc: platform.crc32(raw),
      codec: Codec.BSDIFF_BROTLI,
      codecFlags: 0,
      baselineSlot: 3,
      dictionarySlot: 0,
      encoded,
    };
    const reader = new NetworkReader(encoded);
    streams = Array.from({ length: 3 }, () => {
      const content = reader.varint();
      return { content, packed: reader.view(reader.varint()) };
    });
    expect(reader.remaining).toBe(0);
  });

  function codeWith(change: (streams: readonly Stream[]) => readonly Stream[], limit = limits) {
    const writer = new NetworkWriter();
    for (const { content, packed } of change(streams)) {
      writer.varint(content).varint(packed.length).bytes(packed);
    }
    const changedUnit = { ...unit, encoded: writer.view() };
    return codeOf(() => {
      const back = decodeUnit(changedUnit, { ...contextOf(memorySource(old)), limits: limit });
      expect(Buffer.compare(back, raw)).toBe(0);
    });
  }

  const withStream = (at: number, change: (stream: Stream) => Partial<Stream>) =>
    codeWith((all) => all.map((each, i) => (i === at ? { ...each, ...change(each) } : each)));

  test("three streams that any brotli reads, each with the length of its content", () => {
    const [controls, difference, extra] = streams.map(({ packed }) => brotliDecompressSync(packed));
    expect(streams.map(({ content }) => content)).toEqual([
      controls?.length,
      difference?.length,
      extra?.length,
    ]);
    expect((difference?.length ?? 0) + (extra?.length ?? 0)).toBe(raw.length);
    expect(codeWith((all) => all)).toBeUndefined();
  });

  test.each([0, 5, 9])("and any brotli writes: quality %d", (quality) => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
    const again = (all: readonly Stream[]) =>
      all.map(({ content, packed }) => {
        return { content, packed: brotliCompressSync(brotliDecompressSync(packed), { params }) };
      });
    expect(codeWith(again)).toBeUndefined();
  });

  test.each([0, 1, 2])("stream %d cut short anywhere is refused", (at) => {
    const { length } = (streams[at] as Stream).packed;
    for (let kept = 0; kept < length; kept += Math.ceil(length / 300)) {
      expect(withStream(at, ({ packed }) => ({ packed: packed.subarray(0, kept) }))).toBe(
        "dwcp.decode",
      );
    }
  });

  test.each([0, 1, 2])("stream %d with something behind its end is refused", (at) => {
    const longer = ({ packed }: Stream) => ({ packed: Buffer.concat([packed, Buffer.from([0])]) });
    expect(withStream(at, longer)).toBe("dwcp.decode");
  });

  test.each([0, 1, 2])("stream %d that says another length than it has is refused", (at) => {
    for (const wrong of [-1, 1, 1_000]) {
      const code = withStream(at, ({ content }) => ({ content: content + wrong }));
      expect(["dwcp.decode", "dwcp.limit"]).toContain(code);
    }
  });

  test("what it says is checked before memory is taken", () => {
    const sizes = [2 ** 40, 2 ** 40, 2 ** 40].map((content, at) =>
      withStream(at, () => ({ content })),
    );
    expect(sizes).toEqual(["dwcp.limit", "dwcp.limit", "dwcp.limit"]);
    // Both together may not be more than the unit either.
    expect(withStream(2, () => ({ content: raw.length }))).toBe("dwcp.limit");
  });

  test("a bomb gives no more than was said", () => {
    const bomb = brotliCompressSync(new Uint8Array(50_000_000));
    expect(bomb.length).toBeLessThan(1_000);
    const before = process.memoryUsage().arrayBuffers;
    for (const at of [0, 1, 2]) {
      expect(withStream(at, () => ({ packed: bomb }))).toBe("dwcp.decode");
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test("a window above the one agreed on is refused, and one that RFC 7932 does not have", () => {
    const params = { [constants.BROTLI_PARAM_LGWIN]: 22 };
    const wide = (all: readonly Stream[]) =>
      all.map(({ content, packed }) => {
        return { content, packed: brotliCompressSync(brotliDecompressSync(packed), { params }) };
      });
    expect(codeWith(wide, { ...limits, maxWindowLog: 21 })).toBe("dwcp.decode");
    expect(codeWith(wide, { ...limits, maxWindowLog: 22 })).toBeUndefined();
    const large = {
      [constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
      [constants.BROTLI_PARAM_LGWIN]: 26,
    };
    expect(
      withStream(1, ({ packed }) => {
        return { packed: brotliCompressSync(brotliDecompressSync(packed), { params: large }) };
      }),
    ).toBe("dwcp.decode");
  });

  test("flags and dictionaries are not for it", () => {
    const context = contextOf(memorySource(old));
    for (const wrong of [{ codecFlags: 1 }, { dictionarySlot: 2 }]) {
      expect(codeOf(() => decodeUnit({ ...unit, ...wrong }, context))).toBe("dwcp.decode");
    }
    expect(codeOf(() => decodeUnit(unit, contextOf(undefined)))).toBe("dwcp.baseline_missing");
  });
});
