import { describe, expect, test } from "@jest/globals";
import {
  checkSequenceMap,
  checkTimestampMap,
  LatestValueBarrier,
  merge,
  MergeAuthority,
  SequenceBarrier,
  type SequenceMergeMap,
  TimestampBarrier,
  type TimestampMergeMap,
} from "@proj/tensor-pool";

const { OFFSET, WINDOW } = merge.MergeRuleType;
const sequence: merge.SequenceMergeMapAnnounce = {
  outStreamId: 100,
  epoch: 5n,
  rules: [
    { inputStreamId: 1, ruleType: OFFSET, offset: -2 },
    { inputStreamId: 2, ruleType: WINDOW, windowSize: 3 },
  ],
};
const timed: merge.TimestampMergeMapAnnounce = {
  outStreamId: 100,
  epoch: 5n,
  clockDomain: merge.ClockDomain.MONOTONIC,
  latenessNs: 10n,
  rules: [
    {
      inputStreamId: 1,
      ruleType: merge.MergeTimeRuleType.OFFSET_NS,
      timestampSource: merge.TimestampSource.SLOT_HEADER,
      offsetNs: -100n,
    },
    {
      inputStreamId: 2,
      ruleType: merge.MergeTimeRuleType.WINDOW_NS,
      timestampSource: merge.TimestampSource.FRAME_DESCRIPTOR,
      windowNs: 50n,
    },
  ],
};

function sequenceMap(some: Partial<merge.SequenceMergeMapAnnounce> = {}): SequenceMergeMap {
  const map = checkSequenceMap({ ...sequence, ...some });
  if (typeof map === "string") throw new Error(map);
  return map;
}

function timestampMap(some: Partial<merge.TimestampMergeMapAnnounce> = {}): TimestampMergeMap {
  const map = checkTimestampMap({ ...timed, ...some });
  if (typeof map === "string") throw new Error(map);
  return map;
}

describe("§18: one bad rule makes all of a map bad", () => {
  test.each([
    [[]],
    [[{ inputStreamId: 1, ruleType: OFFSET }]],
    [[{ inputStreamId: 1, ruleType: OFFSET, offset: 0, windowSize: 1 }]],
    [[{ inputStreamId: 1, ruleType: WINDOW, windowSize: 0 }]],
    [[{ inputStreamId: 1, ruleType: WINDOW, windowSize: 1, offset: 0 }]],
    [
      [
        { inputStreamId: 1, ruleType: OFFSET, offset: 0 },
        { inputStreamId: 1, ruleType: OFFSET, offset: 1 },
      ],
    ],
  ])("%j", (rules) => {
    expect(typeof checkSequenceMap({ ...sequence, rules })).toBe("string");
  });

  test("by time too", () => {
    const [first, second] = timed.rules;
    if (first === undefined || second === undefined) throw new Error("no rules");
    for (const rule of [
      { ...first, offsetNs: undefined },
      { ...first, windowNs: 1n },
      { ...second, windowNs: 0n },
      { ...second, offsetNs: 1n },
    ]) {
      expect(typeof checkTimestampMap({ ...timed, rules: [rule] })).toBe("string");
    }
  });
});

describe("§18: by number", () => {
  test("each input must have come as far as its rule says", () => {
    const barrier = new SequenceBarrier(100, 5n);
    expect(barrier.ready(5, 0n)).toEqual({ kind: "noMap" });
    expect(barrier.mapped(sequenceMap({ epoch: 4n }), 0n)).toBe(false);
    expect(barrier.mapped(sequenceMap(), 0n)).toBe(true);
    expect(barrier.ready(5, 0n)).toEqual({ kind: "waiting", inputs: [1, 2] });
    barrier.observed(1, 3, 0n);
    barrier.observed(2, 4, 0n);
    expect(barrier.ready(5, 0n)).toEqual({ kind: "waiting", inputs: [2] });
    barrier.observed(2, 5, 0n);
    expect(barrier.ready(5, 0n)).toEqual({ kind: "ready", stale: [] });
    // Before the window is full, and before an input's first frame, nothing is ready.
    expect(barrier.ready(1, 0n)).toEqual({ kind: "waiting", inputs: [1, 2] });
  });

  test("processed, where that is asked for", () => {
    const barrier = new SequenceBarrier(100, 5n, { requireProcessed: true });
    barrier.mapped(sequenceMap(), 0n);
    for (const input of [1, 2]) barrier.observed(input, 9, 0n);
    expect(barrier.ready(5, 0n).kind).toBe("waiting");
    for (const input of [1, 2]) barrier.processed(input, 9, 0n);
    expect(barrier.ready(5, 0n).kind).toBe("ready");
  });

  test("a new map and a new epoch start over", () => {
    const barrier = new SequenceBarrier(100, 5n);
    barrier.mapped(sequenceMap(), 0n);
    for (const input of [1, 2, 3]) barrier.observed(input, 9, 0n);
    barrier.mapped(sequenceMap(), 0n);
    expect(barrier.ready(5, 0n).kind).toBe("waiting");
    barrier.setEpoch(6n);
    expect(barrier.ready(5, 0n)).toEqual({ kind: "noMap" });
  });

  test("a silent input may be treated as absent, and is named", () => {
    const barrier = new SequenceBarrier(100, 5n);
    barrier.mapped(sequenceMap({ staleTimeoutNs: 100n }), 0n);
    barrier.observed(1, 9, 90n);
    expect(barrier.ready(5, 100n)).toEqual({ kind: "waiting", inputs: [2] });
    expect(barrier.ready(5, 101n)).toEqual({ kind: "ready", stale: [2] });
  });
});

describe("§18: by time", () => {
  test("each input must have come as far as its rule says, less the lateness", () => {
    const barrier = new TimestampBarrier(100, 5n, "monotonic");
    expect(barrier.mapped(timestampMap({ clockDomain: 2 }), 0n)).toBe(false);
    expect(barrier.mapped(timestampMap(), 0n)).toBe(true);
    expect(barrier.observed(1, { descriptor: 999n, slot: undefined }, 0n)).toBe("noTimestamp");
    expect(barrier.observed(9, { descriptor: 1n, slot: 1n }, 0n)).toBe("notAnInput");
    expect(barrier.observed(1, { descriptor: undefined, slot: 890n }, 0n)).toBe("taken");
    expect(barrier.observed(2, { descriptor: 989n, slot: undefined }, 0n)).toBe("taken");
    expect(barrier.ready(1_000n, 0n)).toEqual({ kind: "waiting", inputs: [2] });
    expect(barrier.observed(2, { descriptor: 990n, slot: undefined }, 0n)).toBe("taken");
    expect(barrier.ready(1_000n, 0n)).toEqual({ kind: "ready", stale: [] });
    expect(barrier.ready(49n, 0n)).toEqual({ kind: "waiting", inputs: [2] });
  });

  test("an input whose time goes back is rejected until the next map", () => {
    const barrier = new TimestampBarrier(100, 5n, "monotonic");
    barrier.mapped(timestampMap(), 0n);
    barrier.observed(2, { descriptor: 2_000n, slot: 0n }, 0n);
    barrier.observed(1, { descriptor: 0n, slot: 2_000n }, 0n);
    expect(barrier.observed(1, { descriptor: 0n, slot: 1_999n }, 0n)).toBe("notMonotonic");
    expect(barrier.ready(1_000n, 0n)).toEqual({ kind: "waiting", inputs: [1] });
    barrier.setEpoch(6n);
    expect(barrier.ready(1_000n, 0n)).toEqual({ kind: "noMap" });
  });
});

describe("§18: the latest value", () => {
  test("is the newest of each input; one that was overwritten is none", () => {
    const barrier = new LatestValueBarrier([1, 2], 0n, 100n);
    const pick = (inputStreamId: number, seq: number, epoch = 1n) => ({
      inputStreamId,
      seq,
      epoch,
    });
    barrier.observed(pick(1, 5), 0n);
    barrier.observed(pick(3, 5), 0n);
    expect(barrier.ready(0n)).toEqual({ kind: "waiting", inputs: [2] });
    barrier.observed(pick(2, 8), 0n);
    barrier.observed(pick(2, 7), 0n);
    barrier.observed(pick(1, 0, 2n), 0n);
    barrier.observed(pick(1, 9, 1n), 0n);
    expect(barrier.ready(0n).kind).toBe("ready");
    expect(barrier.picks()).toEqual([pick(1, 0, 2n), pick(2, 8)]);
    barrier.overwritten(pick(2, 7));
    expect(barrier.ready(0n).kind).toBe("ready");
    barrier.overwritten(pick(2, 8));
    expect(barrier.ready(50n)).toEqual({ kind: "waiting", inputs: [2] });
    expect(barrier.ready(101n)).toEqual({ kind: "ready", stale: [2] });
    barrier.unmapped(1);
    expect(barrier.picks()).toEqual([]);
  });
});

test("§18: an authority announces each second, and at once when it is asked", () => {
  const authority = new MergeAuthority();
  authority.set({ kind: "sequence", map: sequence });
  authority.set({ kind: "timestamp", map: timed });
  expect(authority.due(0n)).toHaveLength(2);
  expect(authority.due(1n)).toHaveLength(0);
  authority.requested("sequence", 100, 4n);
  expect(authority.due(2n)).toHaveLength(0);
  authority.requested("sequence", 100, 5n);
  const [again] = authority.due(3n);
  expect(again && merge.decodeSequenceMergeMapAnnounce(again)).toEqual(sequence);
  authority.delete("sequence", 100);
  expect(authority.due(2_000_000_000n)).toHaveLength(1);
  expect(() => {
    authority.set({ kind: "sequence", map: { ...sequence, rules: [] } });
  }).toThrow(RangeError);
});
