import { describe, expect, test } from "@jest/globals";
import {
  Codec,
  decodeState,
  decodeUnit,
  decodeZstdHeader,
  deltaAlgorithms,
  encodeState,
  memorySource,
  resolveDwcpLimits,
  type UnitBody,
} from "@proj/dwcp";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { codeOf } from "../support/failure.js";
import {
  contextOf,
  copyWithOwn,
  decodeAll,
  encodeAgainst,
  limits,
  platform,
} from "../support/hde.js";

/** Pieces that repeat, so that there is something to find. */
const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .record({ byte: fc.nat(255), count: fc.nat(9_000) })
      .map(({ byte, count }) => new Uint8Array(count).fill(byte)),
    fc
      .record({ seed: fc.nat(3), count: fc.nat(9_000) })
      .map(({ seed, count }) =>
        Uint8Array.from({ length: count }, (_, at) => Math.imul(at + seed * 77, 0x9e3779b1) >>> 21),
      ),
  ),
  { maxLength: 12 },
);

const baseline = memorySource(Uint8Array.from({ length: 20_000 }, (_, at) => (at * at) >> 3));
const small = { ...resolveDwcpLimits(), maxUnitRawBytes: 100_000 };

function unitOf(codec: number, chosen: Partial<UnitBody> = {}): UnitBody {
  return {
    rawOffset: 0,
    rawBytes: 5_000,
    codec: codec as UnitBody["codec"],
    codecFlags: 0,
    baselineSlot: 3,
    dictionarySlot: 0,
    rawCrc: 0,
    encoded: new Uint8Array(0),
    ...chosen,
  };
}

test("any state comes back, against any baseline, by every algorithm", () => {
  fc.assert(
    fc.property(
      pieces,
      fc.option(pieces),
      fc.constantFrom(...deltaAlgorithms),
      (fresh, old, algorithm) => {
        const raw = Buffer.concat(fresh);
        const before = old === null ? undefined : Buffer.concat(old);
        const units = encodeAgainst(raw, before, { algorithm });
        expect(Buffer.compare(decodeAll(units, before), raw)).toBe(0);
      },
    ),
    fuzzRuns(150),
  );
});

test("any first copy comes back, whatever was acknowledged", () => {
  fc.assert(
    fc.property(pieces, fc.nat(3), (parts, lag) => {
      const raw = Buffer.concat(parts);
      expect(Buffer.compare(copyWithOwn(raw, lag).decoded, raw)).toBe(0);
    }),
    fuzzRuns(60),
  );
});

test("any bytes of any codec are a typed error, or what their CRC says", () => {
  fc.assert(
    fc.property(
      fc.nat(11),
      fc.constantFrom(0, 1),
      fc.nat(200_000),
      fc.nat(30_000),
      fc.uint8Array({ maxLength: 200 }),
      (codec, codecFlags, rawBytes, rawOffset, encoded) => {
        const unit = unitOf(codec, { codecFlags, rawBytes, rawOffset, encoded });
        codeOf(() => {
          const raw = decodeUnit(unit, { ...contextOf(baseline, baseline), limits: small });
          expect(platform.crc32(raw)).toBe(unit.rawCrc);
        });
      },
    ),
    fuzzRuns(600),
  );
});

test("any state comes back with a baseline and what was acknowledged of itself, whatever is changed on the way", () => {
  fc.assert(
    fc.property(
      pieces,
      pieces,
      fc.nat(3),
      fc.nat(),
      fc.nat(255),
      (fresh, old, lag, where, byte) => {
        // What is new comes twice: the second time own data have it.
        const raw = Buffer.concat([...fresh, ...old, ...fresh]);
        const before = memorySource(Buffer.concat(old));
        const { units, decoded } = copyWithOwn(raw, lag, before, {}, 8_192);
        expect(Buffer.compare(decoded, raw)).toBe(0);
        for (const unit of units) {
          const encoded = new Uint8Array(unit.encoded);
          if (encoded.length > 0) encoded[where % encoded.length] = byte;
          codeOf(() => {
            const context = contextOf(before, memorySource(raw.subarray(0, unit.rawOffset)));
            const back = decodeUnit({ ...unit, encoded }, context);
            const wanted = raw.subarray(unit.rawOffset, unit.rawOffset + unit.rawBytes);
            expect(Buffer.compare(back, wanted)).toBe(0);
          });
        }
      },
    ),
    fuzzRuns(60),
  );
});

test("a unit with bytes changed is a typed error, or comes back all the same", () => {
  const old = Buffer.concat([Buffer.from("of old "), Buffer.from("what was there ".repeat(900))]);
  const raw = Buffer.concat([Buffer.from("new at the front "), old, Buffer.from("and behind")]);
  const units = deltaAlgorithms.flatMap((algorithm) => encodeAgainst(raw, old, { algorithm }));
  fc.assert(
    fc.property(fc.constantFrom(...units), fc.nat(), fc.nat(255), (unit, where, byte) => {
      const encoded = new Uint8Array(unit.encoded);
      if (encoded.length > 0) encoded[where % encoded.length] = byte;
      codeOf(() => {
        const decoded = decodeUnit({ ...unit, encoded }, contextOf(memorySource(old)));
        const { rawOffset, rawBytes } = unit;
        const wanted = raw.subarray(rawOffset, rawOffset + rawBytes);
        expect(Buffer.compare(decoded, wanted)).toBe(0);
      });
    }),
    fuzzRuns(400),
  );
});

test("any bytes are an encoded state or a typed error, and so is a state with bytes changed", () => {
  const raw = Buffer.from("a small state ".repeat(50));
  const good = encodeState(raw, { platform, generation: 4, level: 3 }, limits);
  const none = { baseline: () => undefined, dictionary: () => undefined };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255), (bytes, where, byte) => {
      codeOf(() => decodeState(bytes, none, platform, limits));
      const wrong = new Uint8Array(good);
      wrong[where % wrong.length] = byte;
      codeOf(() => {
        expect(Buffer.compare(decodeState(wrong, none, platform, limits), raw)).toBe(0);
      });
    }),
    fuzzRuns(400),
  );
});

test("B5: a state of zeros comes back without its bytes", () => {
  const zeros = new Uint8Array(100_000);
  const bytes = encodeState(zeros, { platform, generation: 4, level: 0 }, limits);
  // The header as it is, with ZERO for its codec and nothing behind it.
  const empty = bytes.slice(0, bytes.length - zeros.length);
  empty[4] = Codec.ZERO;
  const none = { baseline: () => undefined, dictionary: () => undefined };
  expect(Buffer.compare(decodeState(empty, none, platform, limits), zeros)).toBe(0);
});

test("any bytes are the header of a zstd frame or a typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (tail) => {
      codeOf(() => decodeZstdHeader(tail));
      const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), tail]);
      codeOf(() => expect(decodeZstdHeader(frame).contentBytes).toBeGreaterThanOrEqual(0));
    }),
    fuzzRuns(300),
  );
});

describe("B3: a hostile unit is refused before it costs anything", () => {
  const zstd = platform.zstd;
  const bomb = zstd.compress(new Uint8Array(50_000_000), { level: 3 });

  test.each([
    ["a bomb", unitOf(Codec.ZSTD, { encoded: bomb })],
    ["a bomb of XOR", unitOf(Codec.XOR_ZSTD, { encoded: bomb })],
    ["a unit above the limit", unitOf(Codec.ZERO, { rawBytes: 2 ** 31 })],
    ["a baseline that is not there", unitOf(Codec.SAME, { baselineSlot: 9 })],
    ["bytes behind the baseline's end", unitOf(Codec.SAME, { rawOffset: 19_000 })],
    ["a dictionary that is not there", unitOf(Codec.ZSTD, { dictionarySlot: 5, encoded: bomb })],
    ["an unknown codec", unitOf(77)],
    // One range of 20,000 bytes, named 10,000 times.
    [
      "a prefix without end",
      unitOf(Codec.PREFIX_ZSTD, {
        encoded: Buffer.concat([
          Buffer.from([0x90, 0x4e]),
          ...Array.from({ length: 10_000 }, (_, at) =>
            Buffer.from([...(at === 0 ? [0] : [0xbf, 0xb8, 0x02]), 0xa0, 0x9c, 0x01]),
          ),
        ]),
      }),
    ],
    // Packed lists that unpack to 50 MB.
    [
      "lists that are a bomb",
      unitOf(Codec.PAGES, {
        codecFlags: 1,
        encoded: Buffer.concat([Buffer.from([(bomb.length & 127) | 128, bomb.length >> 7]), bomb]),
      }),
    ],
  ])("%s", (_, unit) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(() => decodeUnit(unit, contextOf(baseline)))).toMatch(
      /^dwcp[.](limit|decode|baseline_missing|dict_missing)$/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });
});
