import { describe, expect, test } from "@jest/globals";
import { AtomicBuffer } from "@proj/aeron";
import { ToDriverRing } from "#src/cnc/to-driver-ring.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const CAPACITY = 1_024;
const HEAD = CAPACITY + 384;
const TAIL = CAPACITY + 128;

function make(): { ring: ToDriverRing; buffer: AtomicBuffer } {
  const buffer = new AtomicBuffer(new Uint8Array(CAPACITY + 768));
  return { ring: new ToDriverRing(buffer), buffer };
}

function drain(ring: ToDriverRing, limit = 100): { type: number; bytes: number[] }[] {
  const records: { type: number; bytes: number[] }[] = [];
  ring.read((type, buffer, offset, length) => {
    records.push({ type, bytes: [...buffer.bytes.subarray(offset, offset + length)] });
  }, limit);
  return records;
}

test("records come out as they went in, and leave zeros behind", () => {
  const { ring, buffer } = make();
  ring.write(1, Uint8Array.of(1, 2, 3));
  ring.write(2, new Uint8Array(0));
  expect(drain(ring)).toEqual([
    { type: 1, bytes: [1, 2, 3] },
    { type: 2, bytes: [] },
  ]);
  expect(buffer.bytes.subarray(0, CAPACITY).every((byte) => byte === 0)).toBe(true);
});

test("§13.1: a record that does not fit before the end goes to the start, at every alignment", () => {
  for (let lead = 0; lead <= CAPACITY - 8; lead += 8) {
    const { ring, buffer } = make();
    buffer.putPositionRelease(HEAD, lead);
    buffer.putPositionRelease(TAIL, lead);
    for (let round = 0; round < 40; round++) {
      const record = new Uint8Array((round * 13) % 100).fill(round);
      expect(ring.write(5, record)).toBe(true);
      const read = [...drain(ring), ...drain(ring)];
      expect(read).toEqual([{ type: 5, bytes: [...record] }]);
    }
  }
});

test("§13.1: a full ring says so and takes again what was read", () => {
  const { ring } = make();
  const record = new Uint8Array(120);
  let written = 0;
  while (ring.write(1, record)) written++;
  expect(written).toBe(8);
  expect(drain(ring, 1)).toHaveLength(1);
  expect(ring.write(1, record)).toBe(true);
  expect(ring.write(1, record)).toBe(false);
  expect(() => ring.write(1, new Uint8Array(129))).toThrow("limit 128");
});

test("any order of writing and reading loses and repeats nothing", () => {
  const step = fc.oneof(fc.nat({ max: 128 }), fc.constant(-1));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { ring } = make();
      const expected: number[] = [];
      const seen: number[] = [];
      let next = 0;
      for (const size of steps) {
        if (size < 0) {
          seen.push(...drain(ring, 3).map(({ type }) => type));
        } else if (ring.write(++next, new Uint8Array(size))) expected.push(next);
      }
      for (let turn = 0; turn < 400; turn++) seen.push(...drain(ring).map(({ type }) => type));
      expect(seen).toEqual(expected);
    }),
    fuzzRuns(100),
  );
});

describe("§13.1: a writer that died", () => {
  test("in the middle of its record is skipped", () => {
    const { ring, buffer } = make();
    ring.write(1, new Uint8Array(16));
    buffer.putIntRelease(0, -24);
    ring.write(2, new Uint8Array(0));
    expect(drain(ring)).toEqual([]);
    expect(ring.unblock()).toBe(true);
    expect(drain(ring)).toEqual([{ type: 2, bytes: [] }]);
  });

  test("before it wrote anything is skipped", () => {
    const { ring, buffer } = make();
    buffer.putPositionRelease(TAIL, 64);
    ring.write(2, new Uint8Array(0));
    expect(drain(ring)).toEqual([]);
    expect(ring.unblock()).toBe(true);
    expect(drain(ring)).toEqual([{ type: 2, bytes: [] }]);
    expect(ring.unblock()).toBe(false);
  });

  test("leaves the rest of the ring unread while it may still write", () => {
    const { ring, buffer } = make();
    buffer.putPositionRelease(TAIL, 64);
    expect(ring.unblock()).toBe(false);
  });
});

test("lengths that lie take one turn of the ring with them and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: CAPACITY, maxLength: CAPACITY }), (bytes) => {
      const { ring, buffer } = make();
      buffer.bytes.set(bytes);
      buffer.putPositionRelease(TAIL, CAPACITY);
      for (let turn = 0; turn < CAPACITY / 8; turn++) {
        drain(ring);
        ring.unblock();
      }
      expect(ring.head()).toBeLessThanOrEqual(CAPACITY);
    }),
    fuzzRuns(200),
  );
});
