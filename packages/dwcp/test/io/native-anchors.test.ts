import { expect, test } from "@jest/globals";
import { type ByteSource, memorySource, portableAnchors } from "@proj/dwcp";
import { nodeHdePlatform } from "@proj/dwcp/node";
import { describeWith } from "@proj/peers";
import { backend } from "@proj/native-io";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import type { AnchorEngine } from "#src/hde/anchor-engine.js";
import { anchorSlots } from "#src/hde/anchor-index.js";
import { AnchorScan } from "#src/hde/anchor-scan.js";
import { startOf } from "#src/hde/byte-source.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const PAGE = 256;
const name = "native-io with anchors";
const { anchors: native } = await nodeHdePlatform();

function scanned(engine: AnchorEngine, bytes: Uint8Array): AnchorScan {
  const scan = new AnchorScan();
  engine.scan(bytes, scan);
  return scan;
}

function indexed(engine: AnchorEngine, bytes: Uint8Array): Uint32Array {
  // Room for few: anchors that share a slot are the rule.
  const slots = anchorSlots(0);
  engine.index(bytes, 0, 0, slots);
  return slots;
}

// Bytes with stretches of zeros and of themselves.
const pieces = fc.array(
  fc.record({ kind: fc.constantFrom("zeros", "fresh", "again"), length: fc.nat(9_000) }),
  { minLength: 1, maxLength: 8 },
);

function made(seed: number, parts: readonly { kind: string; length: number }[]): Uint8Array {
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { kind, length } of parts) {
    const piece = bytes.subarray(at, at + length);
    if (kind === "fresh") random.fill(piece);
    if (kind === "again") bytes.copyWithin(at, Math.floor(at / 3), Math.floor(at / 3) + length);
    at += length;
  }
  return bytes;
}

// As a file is: what is read is a copy.
function unviewed(source: ByteSource): ByteSource {
  return { length: source.length, read: (offset, length) => source.read(offset, length).slice() };
}

const found =
  backend.anchors === undefined ? { name, lack: backend.reason } : { name, found: native };

describeWith("B10: anchors found natively are those that are found without", found, (engine) => {
  test("in every piece, with their hashes", () => {
    fc.assert(
      fc.property(fc.integer(), pieces, fc.nat(9), (seed, parts, from) => {
        const bytes = made(seed, parts).subarray(from);
        const [ours, theirs] = [scanned(engine, bytes), scanned(portableAnchors, bytes)];
        expect(ours.count).toBe(theirs.count);
        for (const list of ["positions", "hashes"] as const) {
          expect(ours[list].slice(0, ours.count)).toEqual(theirs[list].slice(0, theirs.count));
        }
      }),
      fuzzRuns(60),
    );
  });

  test("beyond the room that a scan begins with", () => {
    const bytes = new SeededRandom(2).fill(new Uint8Array(4_000_000));
    expect(scanned(engine, bytes).count).toBeGreaterThan(20_000);
    expect(scanned(engine, bytes).count).toBe(scanned(portableAnchors, bytes).count);
  });

  test("in tables, from any offset on", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        pieces,
        fc.nat(2 ** 31),
        fc.nat(40),
        (seed, parts, offset, least) => {
          const bytes = made(seed, parts);
          const [ours, theirs] = [anchorSlots(0), anchorSlots(0)];
          engine.index(bytes, offset, least, ours);
          portableAnchors.index(bytes, offset, least, theirs);
          expect(ours).toEqual(theirs);
        },
      ),
      fuzzRuns(60),
    );
  });

  test("and so are similar pages", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        pieces,
        pieces,
        fc.integer({ min: -1, max: 20 }),
        (seed, a, b, here) => {
          const [old, raw] = [made(seed, a), made(seed, b)];
          const wanted = Uint8Array.from(
            { length: Math.ceil(raw.length / PAGE) },
            (_, at) => at & 1,
          );
          const slots = indexed(engine, old);
          const query = { slots, pageBytes: PAGE, wanted, here };
          const ours = engine.similar(scanned(engine, raw), query);
          const theirs = portableAnchors.similar(scanned(portableAnchors, raw), query);
          for (const [page, wish] of wanted.entries()) {
            if (wish !== 1) continue;
            const row = (rows: Int32Array) => rows.slice(4 * page, 4 * page + 4);
            expect(row(ours)).toEqual(row(theirs));
          }
        },
      ),
      fuzzRuns(60),
    );
  });

  test("and so are copies, from one source and from two, in memory and not", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        pieces,
        pieces,
        fc.nat(20_000),
        fc.nat(20_000),
        (seed, a, b, rawOffset, ownBytes) => {
          const [old, raw] = [made(seed, a), made(seed, b)];
          const first = { source: memorySource(old), slots: indexed(engine, old) };
          const source = startOf(memorySource(raw), Math.min(ownBytes, raw.length));
          const second = { source, slots: indexed(engine, source.read(0, source.length)) };
          const scan = scanned(engine, raw);
          for (const parts of [
            [first],
            [first, second],
            [first, { source, slots: undefined }],
          ] as const) {
            const expected = portableAnchors.match(raw, rawOffset, parts, scan);
            expect(engine.match(raw, rawOffset, parts, scan)).toEqual(expected);
            const asFile = { ...first, source: unviewed(first.source) };
            expect(engine.match(raw, rawOffset, [asFile, parts[1]], scan)).toEqual(expected);
          }
        },
      ),
      fuzzRuns(60),
    );
  });
});
