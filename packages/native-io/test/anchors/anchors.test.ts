import { describe, expect, test } from "@jest/globals";
import { type AnchorList, type Anchors, backend, type Gear, SIMILAR_PAGES } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

// Of the realm of the addon.
const wrong: unknown = expect.objectContaining({ name: "RangeError" });
const name = "native-io with anchors";
const peer =
  backend.anchors === undefined ? { name, lack: backend.reason } : { name, found: backend.anchors };

// Every eighth place or so is an anchor.
const gear: Gear = {
  table: new Int32Array(256).map((_, at) => Math.imul(at + 1, 0x9e3779b1) ^ (at << 27)),
  mask: -1 << 29,
};

test("the portable backend has none", () => {
  if (backend.kind === "portable") expect(backend.anchors).toBeUndefined();
});

// Byte by byte, as the interface says it.
function anchorsOf(bytes: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  let hash = 0;
  for (const [at, byte] of bytes.entries()) {
    hash = ((hash << 1) + (gear.table[byte] ?? 0)) | 0;
    if ((hash & gear.mask) === 0) found.push([at + 1, hash]);
  }
  return found;
}

function room(anchors: number): AnchorList {
  return { positions: new Int32Array(anchors), hashes: new Int32Array(anchors) };
}

const bytesOf = fc.uint8Array({ maxLength: 600 });
const withZeros = fc
  .tuple(bytesOf, fc.nat(9_000), bytesOf)
  .map(([before, zeros, after]) => Buffer.concat([before, Buffer.alloc(zeros), after]));

describeWith("anchors", peer, (native: Anchors) => {
  test("stand where the hash says, through stretches of zeros", () => {
    fc.assert(
      fc.property(withZeros, (bytes) => {
        const list = room(bytes.length);
        const count = native.scan(bytes, gear, list);
        const found = Array.from({ length: count }, (_, i) => [list.positions[i], list.hashes[i]]);
        expect(found).toEqual(anchorsOf(bytes));
      }),
      fuzzRuns(100),
    );
  });

  test("are counted beyond the room there is, and not written", () => {
    const bytes = new Uint8Array(1_000).map((_, at) => at * at);
    const expected = anchorsOf(bytes);
    const list = { positions: new Int32Array(4), hashes: new Int32Array(2) };
    expect(native.scan(bytes, gear, list)).toBe(expected.length);
    expect([...list.hashes]).toEqual(expected.slice(0, 2).map(([, hash]) => hash));
    expect([...list.positions]).toEqual([...expected.slice(0, 2).map(([end]) => end), 0, 0]);
  });

  test("stand in a table by the top bits of the spread hash, the last one of each slot", () => {
    fc.assert(
      fc.property(withZeros, fc.nat(2 ** 31), fc.nat(100), (bytes, offset, least) => {
        const slots = new Uint32Array(64);
        native.index(bytes, offset, least, gear, slots);
        const expected = new Uint32Array(64);
        for (const [end, hash] of anchorsOf(bytes)) {
          if (end >= least) expected[Math.imul(hash, 0x9e3779b1) >>> 26] = offset + end;
        }
        expect(slots).toEqual(expected);
      }),
      fuzzRuns(100),
    );
  });

  test.each([0, 1, 3, 1_000])("are not put into a table of %d slots", (count) => {
    expect(() => native.index(new Uint8Array(9), 0, 0, gear, new Uint32Array(count))).toThrow(
      wrong,
    );
  });

  test("are not put beyond 32 bits", () => {
    const slots = new Uint32Array(64);
    expect(() => native.index(new Uint8Array(9), 2 ** 32 - 9, 0, gear, slots)).toThrow(wrong);
  });

  describe("similar", () => {
    test("names the pages that most anchors stand in, but for the same place", () => {
      const old = new Uint8Array(4_096).map((_, at) => at * at * (at >> 8));
      const slots = new Uint32Array(4_096);
      native.index(old, 0, 0, gear, slots);
      // Page 3 of 256 bytes, and one of nothing.
      const bytes = Buffer.concat([old.subarray(768, 1_024), new Uint8Array(256)]);
      const list = room(512);
      const count = native.scan(bytes, gear, list);
      const rows = new Int32Array(2 * SIMILAR_PAGES).fill(7);
      const wanted = Uint8Array.of(1, 1);
      native.similar(list, count, slots, 256, wanted, -1, rows);
      expect(rows[0]).toBe(3);
      expect([...rows.subarray(4)]).toEqual([-1, -1, -1, -1]);
      native.similar(list, count, slots, 256, wanted, 3, rows);
      expect([...rows.subarray(0, 4)]).not.toContain(3);
    });
  });

  describe("match", () => {
    test("makes the bytes again, of one source or two", () => {
      fc.assert(
        fc.property(withZeros, withZeros, bytesOf, fc.nat(700), (old, own, fresh, cut) => {
          const raw = Buffer.concat([old.subarray(cut), fresh, own.subarray(cut), old.subarray(9)]);
          const sources = [old, own].map((bytes) => {
            const slots = new Uint32Array(256);
            native.index(bytes, 0, 0, gear, slots);
            return { bytes, slots };
          });
          const [first, second] = sources;
          if (first === undefined) return;
          const list = room(raw.length);
          const count = native.scan(raw, gear, list);
          for (const from of [[first], [first, second]] as const) {
            const whole = Buffer.concat(from.map((each) => each?.bytes ?? new Uint8Array(0)));
            const steps = new Float64Array(raw.length + 4);
            const made = native.match(raw, cut, list, count, from, steps);
            let at = 0;
            for (let step = 0; step < made; step++) {
              const [offset = 0, length = 0] = steps.subarray(2 * step, 2 * step + 2);
              if (offset >= 0) {
                expect(length).toBeGreaterThanOrEqual(32);
                const copied = whole.subarray(offset, offset + length);
                expect(Buffer.compare(copied, raw.subarray(at, at + length))).toBe(0);
              }
              at += length;
            }
            expect(at).toBe(raw.length);
            // Counted, not written.
            expect(native.match(raw, cut, list, count, from, new Float64Array(1))).toBe(made);
          }
        }),
        fuzzRuns(100),
      );
    });
  });
});
