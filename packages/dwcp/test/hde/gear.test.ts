import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { SeededRandom } from "@proj/wire-types";
import { AnchorScan } from "#src/hde/anchor-scan.js";
import { gear } from "#src/hde/gear.js";
import { portableAnchors } from "#src/hde/portable-anchors.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

// Byte by byte, as the specification says it.
function anchorsOf(bytes: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  let hash = 0;
  for (const [at, byte] of bytes.entries()) {
    hash = ((hash << 1) + (gear[byte] ?? 0)) | 0;
    if (hash >>> 25 === 0) found.push([at + 1, hash]);
  }
  return found;
}

function scanned(bytes: Uint8Array): [number, number][] {
  const scan = new AnchorScan();
  portableAnchors.scan(bytes, scan);
  return Array.from({ length: scan.count }, (_, i) => [
    scan.positions[i] ?? 0,
    scan.hashes[i] ?? 0,
  ]);
}

describe("B10: content anchors", () => {
  test("stand where the hash says, through stretches of zeros and from any byte on", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31 - 1),
        fc.array(fc.record({ zeros: fc.nat(40_000), noise: fc.nat(3_000) }), { maxLength: 4 }),
        fc.nat(7),
        (seed, pieces, from) => {
          const random = new SeededRandom(seed);
          const length = pieces.reduce((sum, { zeros, noise }) => sum + zeros + noise, from);
          const bytes = new Uint8Array(length);
          let at = from;
          for (const { zeros, noise } of pieces) {
            at += zeros;
            random.fill(bytes.subarray(at, at + noise));
            at += noise;
          }
          const piece = bytes.subarray(from);
          expect(scanned(piece)).toEqual(anchorsOf(piece));
        },
      ),
      fuzzRuns(40),
    );
  });

  test("outgrow the room that a scan begins with", () => {
    const bytes = new Uint8Array(3_000_000);
    new SeededRandom(1).fill(bytes);
    expect(scanned(bytes).length).toBeGreaterThan(20_000);
  });
});
