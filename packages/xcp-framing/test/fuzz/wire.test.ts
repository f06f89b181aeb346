import { describe, expect, test } from "@jest/globals";
import { concatBytes, crc32c, isWireError, SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import {
  type ControlCodec,
  decodeCapnpHeader,
  decodeClarifyReq,
  decodeClarifyRes,
  decodeHello,
  decodeJsonHeader,
  decodeNack,
  decodeV01Header,
  encodeCapnpHeader,
  encodeClarifyReq,
  encodeFrame,
  encodeHello,
  encodeJsonHeader,
  Flag,
  type Frame,
  type FrameEvent,
  type FrameHeader,
  FrameReader,
  inspectZstdFrame,
  type MsgId,
  type Profile,
  toMsgId,
} from "@proj/xcp-framing";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { golden, goldenIds } from "../support/golden.js";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const id: fc.Arbitrary<MsgId> = fc.oneof(
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(toMsgId),
);
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: "grapheme", maxLength }).filter((value) => value.isWellFormed());
const hash = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .filter((bytes) => bytes.some((byte) => byte !== 0));
const schemaKey = fc.option(
  fc.record(
    {
      nsHash: u32,
      kindId: fc.integer({ min: 1, max: 0xffff_ffff }),
      major: u16,
      minor: u16,
      hash128: hash,
    },
    { requiredKeys: ["nsHash", "kindId", "major", "minor"] },
  ),
  { nil: undefined },
);
const header: fc.Arbitrary<FrameHeader> = fc.record({
  channelId: u32,
  // HELLO and CAPS carry no flags.
  msgType: fc.integer({ min: 2, max: 0xffff }),
  bodyCodec: u16,
  schemaKey,
  msgId: id,
  inReplyTo: id,
  tags: fc.array(fc.record({ key: text(8), val: text(40) }), { maxLength: 5 }),
});
const flags = fc.constantFrom(
  0,
  Flag.MORE,
  Flag.COMP | Flag.CRYPT | Flag.KPHASE,
  Flag.LARGE,
  Flag.ACKREQ,
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .integer({ min: 60_000, max: 200_000 })
    .map((size) => new SeededRandom(size).fill(new Uint8Array(size))),
);
const frame: fc.Arbitrary<Frame> = fc.record({ flags, header, payload });

function reader(): FrameReader {
  const from = new FrameReader({ crc32c, limits: { maxHeaderBytes: 65_528 }, acceptV01: true });
  from.setAllowedFlags(Flag.COMP | Flag.CRYPT | Flag.MORE | Flag.ACKREQ | Flag.KPHASE);
  from.setLimits({ maxFrameBytes: 1_048_576, maxMessageBytes: 2_097_152 });
  return from;
}

// Ciphertext and its additional data are valid until the next frame is read.
function drain(from: FrameReader, into: FrameEvent[]): void {
  for (let event = from.next(); event !== undefined; event = from.next()) {
    if (event.kind === "frame" && (event.flags & Flag.CRYPT) !== 0) {
      into.push({ ...event, aad: event.aad.slice(), payload: event.payload.slice() });
    } else into.push(event);
  }
}

// What a transport does that reads into the same memory again and again.
function lend(from: FrameReader, chunk: Uint8Array, into: FrameEvent[]): void {
  const lent = chunk.slice();
  from.push(lent, "lent");
  drain(from, into);
  lent.fill(0xdd);
}

/** Lets a decoder meet hostile bytes: it may return a value or throw an error of this package, nothing else. */
function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (thrown) {
    if (!isWireError(thrown) || !thrown.code.startsWith("xcp.")) throw thrown;
  }
}

const decoders: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ["a Cap'n Proto header", decodeCapnpHeader],
  ["a JSON header", decodeJsonHeader],
  ["a v0.1 header", decodeV01Header],
  ["a zstd frame", inspectZstdFrame],
  ...([1, 8] as const).flatMap((codec: ControlCodec) => [
    [`HELLO in codec ${codec}`, (bytes: Uint8Array) => decodeHello(bytes, codec)] as const,
    [`NACK in codec ${codec}`, (bytes: Uint8Array) => decodeNack(bytes, codec)] as const,
    [
      `CLARIFY_REQ in codec ${codec}`,
      (bytes: Uint8Array) => decodeClarifyReq(bytes, codec),
    ] as const,
    [
      `CLARIFY_RES in codec ${codec}`,
      (bytes: Uint8Array) => decodeClarifyRes(bytes, codec),
    ] as const,
  ]),
  [
    "a stream of frames",
    (bytes) => {
      const from = reader();
      from.push(bytes);
      drain(from, []);
    },
  ],
];

const seeds: readonly Uint8Array[] = [
  ...goldenIds(/^(hdr|neg|frame|json|v01|pb-(hello|nack|clarify)|zstd)/).map(golden),
  encodeHello({ codecs: [1], accepts: [], emits: [], sharedMem: true, features: 5 }, 1),
  encodeClarifyReq({ msgId: 1, reason: 2, fields: [{ path: "/a", reason: 1 }] }, 1),
  encodeJsonHeader({
    channelId: 1,
    msgType: 256,
    bodyCodec: 1,
    schemaKey: undefined,
    msgId: 2n ** 64n - 1n,
    inReplyTo: 0,
    tags: [{ key: "k", val: "v" }],
  }),
];
const damaged: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
    fc.option(fc.nat(), { nil: undefined }),
  )
  .map(([seed, changes, cut]) => {
    const bytes = seed.slice(0, cut === undefined ? seed.length : cut % (seed.length + 1));
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return bytes;
  });

describe("§3: frames", () => {
  test("come out as they went in, however the stream is cut", () => {
    // Each turn ends with a large piece: five frames of 200 000 bytes in nothing but single bytes find no more than small
    // ones, and take a thousand times as long.
    const sizes = fc
      .array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70_000 })), { maxLength: 40 })
      .map((small) => [...small, 20_011]);
    const profile = fc.constantFrom<Profile>("v0.2", "v0.2-json");
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 5 }),
        sizes,
        profile,
        fc.constantFrom("kept", "lent"),
        (frames, cuts, kind, memory) => {
          const bytes = concatBytes(frames.flatMap((each) => encodeFrame(kind, each, crc32c)));
          const from = reader();
          const events: FrameEvent[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            const chunk = bytes.subarray(at, at + size);
            if (memory === "lent") lend(from, chunk, events);
            else {
              from.push(chunk);
              if (i % 3 !== 2) drain(from, events);
            }
            at += size;
          }
          drain(from, events);
          expect(from.partial).toBe(false);
          expect(events).toHaveLength(frames.length);
          for (const [i, event] of events.entries()) {
            const sent = frames[i];
            if (event.kind !== "frame" || sent === undefined)
              throw new Error("a frame was rejected");
            expect(event.header).toEqual(sent.header);
            expect(event.flags).toBe(sent.flags);
            expect(Buffer.compare(event.payload, sent.payload)).toBe(0);
            const sealed = (sent.flags & Flag.CRYPT) !== 0;
            expect(event.aad.length > 0).toBe(sealed);
            if (sealed && kind === "v0.2") {
              expect(decodeCapnpHeader(event.aad.subarray(8))).toEqual(sent.header);
            }
          }
        },
      ),
      fuzzRuns(40),
    );
  });

  test("one byte at a time gives the same frames", () => {
    const frames = fc.array(
      fc.record({ flags, header, payload: fc.uint8Array({ maxLength: 60 }) }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(frames, (sent) => {
        const bytes = concatBytes(sent.flatMap((each) => encodeFrame("v0.2", each, crc32c)));
        const from = reader();
        const events: FrameEvent[] = [];
        for (let at = 0; at < bytes.length; at++) {
          from.push(bytes.subarray(at, at + 1));
          drain(from, events);
        }
        expect(events.map((event) => event.header)).toEqual(sent.map((each) => each.header));
      }),
      fuzzRuns(50),
    );
  });

  test("no truncation of a golden frame is taken for a frame", () => {
    for (const vector of goldenIds(/^(frame|json-(hello|caps|data)|v01)/)) {
      const bytes = golden(vector);
      for (let end = 0; end < bytes.length; end++) {
        const from = reader();
        from.push(bytes.subarray(0, end));
        expect(from.next()).toBeUndefined();
        expect(from.partial).toBe(end > 0);
      }
    }
  });

  test("no flipped bit of a payload or CRC goes unnoticed", () => {
    const bytes = golden("frame-data-json");
    for (let bit = 8 * 108; bit < 8 * bytes.length; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const from = reader();
      from.push(flipped);
      expect(from.next()).toMatchObject({ kind: "rejected", error: { code: "xcp.crc_mismatch" } });
    }
  });
});

describe("§4: headers", () => {
  test("survive both encodings", () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeCapnpHeader(encodeCapnpHeader(value))).toEqual(value);
        expect(decodeJsonHeader(encodeJsonHeader(value))).toEqual(value);
      }),
      fuzzRuns(200),
    );
  });

  test("every word of a pointer may be hostile", () => {
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      // Pointers that look right: struct, list, far and double-far, near by.
      fc
        .tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: -8, max: 8 }), u32)
        .map(
          ([kind, offset, sizes]) => (BigInt(sizes) << 32n) | BigInt(((offset << 3) | kind) >>> 0),
        ),
    );
    const segments = fc.array(fc.array(word, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(segments, (all) => {
        const table = 8 * Math.ceil((4 + 4 * all.length) / 8);
        const view = new DataView(new ArrayBuffer(table + 8 * all.flat().length));
        view.setUint32(0, all.length - 1, true);
        for (const [i, segment] of all.entries()) view.setUint32(4 + 4 * i, segment.length, true);
        for (const [i, each] of all.flat().entries()) view.setBigUint64(table + 8 * i, each, true);
        survives(() => decodeCapnpHeader(new Uint8Array(view.buffer)));
      }),
      fuzzRuns(2000),
    );
  });
});

describe.each(decoders)("%s", (_name, decode) => {
  test("survives random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => survives(() => decode(bytes))),
      fuzzRuns(300),
    );
  });

  test("survives damaged vectors", () => {
    fc.assert(
      fc.property(damaged, (bytes) => survives(() => decode(bytes))),
      fuzzRuns(500),
    );
  });
});
