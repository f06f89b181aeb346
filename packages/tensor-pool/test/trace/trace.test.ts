import { describe, expect, test } from "@jest/globals";
import {
  decodeTraceLink,
  encodeTraceLink,
  TensorPoolError,
  TraceIds,
  traceIdParts,
  traceLink,
  traceStage,
} from "@proj/tensor-pool";
import { viewOf } from "@proj/sbe";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

describe("§17: ids", () => {
  test("say when, where and which", () => {
    const ids = new TraceIds({ nodeId: 1_023, nowMs: () => 1_768_400_000_123 });
    ids.mint();
    expect(traceIdParts(ids.mint())).toEqual({
      ms: 1_768_400_000_123,
      nodeId: 1_023,
      sequence: 1,
    });
  });

  test("are never repeated, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 200 }), (times) => {
        let now = 0;
        const ids = new TraceIds({ nodeId: 0, nowMs: () => now });
        const seen = times.flatMap((ms) => {
          now = ms;
          return Array.from({ length: 50 }, () => ids.mint());
        });
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(seen.toSorted((a, b) => (a < b ? -1 : 1)));
        expect(seen.includes(0n)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test("go on in the next millisecond when one is used up", () => {
    const ids = new TraceIds({ nodeId: 1, nowMs: () => 100 });
    for (let count = 0; count < 4_096; count++) ids.mint();
    expect(traceIdParts(ids.mint())).toEqual({ ms: 101, nodeId: 1, sequence: 0 });
  });

  test("have 10 bits for the node and 41 for the time", () => {
    expect(() => new TraceIds({ nodeId: 1_024, nowMs: () => 0 })).toThrow(RangeError);
    expect(() => new TraceIds({ nodeId: 0, nowMs: () => 2 ** 41 }).mint()).toThrow(TensorPoolError);
  });
});

describe("§17: stages", () => {
  const ids = new TraceIds({ nodeId: 1, nowMs: () => 5 });

  test("a root mints, one input is copied, several are linked", () => {
    expect(traceStage(ids, []).parents).toEqual([]);
    expect(traceStage(ids, []).traceId).toBeDefined();
    expect(traceStage(ids, [7n])).toEqual({ traceId: 7n, parents: [] });
    expect(traceStage(ids, [undefined])).toEqual({ traceId: undefined, parents: [] });
    expect(traceStage(ids, [7n, 7n, undefined])).toEqual({ traceId: 7n, parents: [] });
    const { traceId, parents } = traceStage(ids, [9n, 7n, 9n]);
    expect(parents).toEqual([9n, 7n]);
    expect(parents).not.toContain(traceId);
  });
});

describe("§17: links", () => {
  const link = { streamId: 1, epoch: 2n, seq: 3, traceId: 4n, parents: [6n, 5n] };

  test("come back as they went", () => {
    const bytes = encodeTraceLink(link);
    expect(decodeTraceLink(viewOf(bytes), 0, bytes.length)).toEqual(link);
  });

  test.each([
    ["no parents", { parents: [] }],
    ["a parent that is 0", { parents: [0n] }],
    ["a parent twice", { parents: [5n, 5n] }],
    ["an id of 0", { traceId: 0n }],
  ])("with %s are neither written nor read", (_, wrong) => {
    const bad = { ...link, ...wrong };
    expect(() => encodeTraceLink(bad)).toThrow(RangeError);
    const bytes = traceLink.encodeTraceLinkSet({
      ...bad,
      seq: 3n,
      parents: bad.parents.map((traceId) => ({ traceId })),
    });
    expect(typeof decodeTraceLink(viewOf(bytes), 0, bytes.length)).toBe("string");
  });

  test("any bytes are a link or a sentence", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(typeof decodeTraceLink(viewOf(bytes), 0, bytes.length)).toBe("string");
      }),
      fuzzRuns(300),
    );
  });
});
