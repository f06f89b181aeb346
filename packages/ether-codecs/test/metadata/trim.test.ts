import { describe, expect, test } from "@jest/globals";
import {
  allowOnly,
  createEther,
  defaultTrimHooks,
  type Ether,
  trimMetadata,
  type ValueMap,
} from "@proj/ether-codecs";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const lineage = Array.from({ length: 20 }, (_, i) => ({ node: `n${i}`, ver: "1", ts: "t" }));
const ether = (metadata: ValueMap): Ether =>
  createEther({ kind: "k", payload: { "debug.x": null, empty: "" }, metadata });
const trimmed = (metadata: ValueMap, context = {}): ValueMap => ({
  ...trimMetadata(ether(metadata), context).metadata,
});

describe("§22: trimming", () => {
  test("null and empty values go", () => {
    const empty = { a: null, b: "", c: [], d: {}, e: new Uint8Array(), f: new Float32Array() };
    expect(trimmed({ ...empty, zero: 0, no: false })).toEqual({ zero: 0, no: false });
  });

  test("debug.* goes unless debug is on", () => {
    expect(trimmed({ "debug.a": 1, debug: 2 })).toEqual({ debug: 2 });
    expect(trimmed({ "debug.a": 1 }, { debug: true })).toEqual({ "debug.a": 1 });
  });

  test("the newest 16 lineage entries stay", () => {
    expect(trimmed({ lineage })["lineage"]).toEqual(lineage.slice(4));
  });

  test("what the batch shares goes, what differs stays", () => {
    const shared = { a: [1, 2], b: "x" };
    expect(trimmed({ a: Float64Array.of(1, 2), b: "y", toString: "z" }, { shared })).toEqual({
      b: "y",
      toString: "z",
    });
  });

  test("an allow-list keeps the reserved keys", () => {
    const hooks = [...defaultTrimHooks, allowOnly(["mine"])];
    const metadata = { mine: 1, other: 2, trace_id: "t", producer: "p", created_at: "c" };
    expect({ ...trimMetadata(ether(metadata), {}, hooks).metadata }).toEqual({
      mine: 1,
      trace_id: "t",
      producer: "p",
      created_at: "c",
    });
  });

  test("works on a copy and leaves the payload alone, even against a hook", () => {
    const before = ether({ a: null });
    const after = trimMetadata(before, {}, [
      ...defaultTrimHooks,
      (each) => ({ ...each, payload: {}, metadata: { ...each.metadata, b: 1 } }),
    ]);
    expect(before.metadata).toEqual({ a: null });
    expect(after.payload).toBe(before.payload);
    expect({ ...after.metadata }).toEqual({ b: 1 });
  });

  test("is idempotent", () => {
    const metadata = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("debug.a", "lineage", "__proto__")),
      fc.oneof(fc.string(), fc.constant(null), fc.array(fc.integer(), { maxLength: 20 })),
    );
    fc.assert(
      fc.property(metadata, metadata, (own, shared) => {
        const context = { shared };
        const once = trimMetadata({ ...ether({}), metadata: own }, context);
        expect(trimMetadata(once, context)).toEqual(once);
      }),
      fuzzRuns(200),
    );
  });
});
