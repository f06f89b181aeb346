import { describe, expect, test } from "@jest/globals";
import {
  encodeProgress,
  mayReadPrefix,
  ProgressEmitter,
  type ProgressEmitterOptions,
  ProgressPolicy,
  ProgressTracker,
  type ProgressUpdate,
  readProgress,
  type TensorShape,
  wire,
} from "@proj/tensor-pool";
import { viewOf } from "@proj/sbe";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const { STARTED, PROGRESS, COMPLETE } = wire.FrameProgressState;

function emitter(options: Partial<ProgressEmitterOptions> = {}): {
  policy: ProgressPolicy;
  emitter: ProgressEmitter;
  sent: ProgressUpdate[];
} {
  const policy = options.policy ?? new ProgressPolicy();
  const sent: ProgressUpdate[] = [];
  return {
    policy,
    sent,
    emitter: new ProgressEmitter({ policy, emit: (update) => sent.push(update), ...options }),
  };
}

describe("§26.10: hints", () => {
  test("without any, the defaults hold", () => {
    const policy = new ProgressPolicy();
    expect(policy.limits).toEqual({ intervalUs: 250, bytesDelta: 65_536, majorUnits: 0 });
    expect(policy.isWanted).toBe(false);
  });

  test("the smallest wins, and the floor above it", () => {
    const floors = { intervalUs: 100, bytesDelta: 1_000, majorUnits: 2 };
    const policy = new ProgressPolicy({ floors });
    policy.set(1, { intervalUs: 500, bytesDelta: 5_000, majorUnits: 9 });
    policy.set(2, { intervalUs: 300, majorUnits: 0 });
    expect(policy.limits).toEqual({ intervalUs: 300, bytesDelta: 5_000, majorUnits: 9 });
    policy.set(3, { intervalUs: 0, bytesDelta: 0, majorUnits: 1 });
    expect(policy.limits).toEqual({ intervalUs: 100, bytesDelta: 1_000, majorUnits: 2 });
    policy.delete(3);
    policy.delete(1);
    expect(policy.limits).toEqual({ intervalUs: 300, bytesDelta: 65_536, majorUnits: 0 });
  });
});

describe("§26.10: what a producer sends", () => {
  test("nothing at all while nobody is interested, not even of a frame that began before", () => {
    const { policy, emitter: progress, sent } = emitter();
    progress.start(0, 1, 1_000_000);
    policy.set(1, {});
    progress.update(10_000, 900_000);
    progress.complete();
    expect(sent).toEqual([]);
    progress.start(20_000, 2, 10);
    expect(sent).toEqual([{ seq: 2, filledBytes: 0, state: STARTED }]);
  });

  test("three triggers: time, bytes, rows", () => {
    const { policy, emitter: progress, sent } = emitter();
    policy.set(1, { majorUnits: 2 });
    progress.start(0, 7, 1_000_000, 1_000);
    progress.update(10, 999);
    progress.update(300, 1_000);
    progress.update(310, 2_999);
    progress.update(320, 3_000);
    progress.update(330, 70_000);
    progress.complete();
    expect(sent).toEqual([
      { seq: 7, filledBytes: 0, state: STARTED },
      { seq: 7, filledBytes: 1_000, state: PROGRESS },
      { seq: 7, filledBytes: 3_000, state: PROGRESS },
      { seq: 7, filledBytes: 70_000, state: PROGRESS },
      { seq: 7, filledBytes: 1_000_000, state: COMPLETE },
    ]);
  });

  test("the latest value when the time has come, and no more often than it grows", () => {
    const { policy, emitter: progress, sent } = emitter();
    policy.set(1, {});
    progress.start(0, 7, 1_000);
    progress.update(1, 10);
    progress.update(2, 20);
    progress.tick(249);
    expect(sent).toHaveLength(1);
    progress.tick(250);
    progress.tick(10_000);
    expect(sent.slice(1)).toEqual([{ seq: 7, filledBytes: 20, state: PROGRESS }]);
  });

  test("strict: time and growth", () => {
    const { policy, emitter: progress, sent } = emitter({ throttle: "strict" });
    policy.set(1, {});
    progress.start(0, 7, 1_000_000);
    progress.update(300, 10);
    progress.update(301, 65_536);
    progress.update(302, 70_000);
    expect(sent.map(({ filledBytes }) => filledBytes)).toEqual([0, 65_536]);
  });

  test("no regression", () => {
    const { emitter: progress } = emitter();
    expect(() => {
      progress.update(0, 1);
    }).toThrow(RangeError);
    progress.start(0, 1, 100);
    progress.update(0, 50);
    expect(() => {
      progress.update(0, 49);
    }).toThrow(RangeError);
    expect(() => {
      progress.update(0, 101);
    }).toThrow(RangeError);
    progress.abandon();
    expect(() => {
      progress.complete();
    }).toThrow(RangeError);
  });
});

describe("§26.12: messages", () => {
  const message = { streamId: 5, epoch: 9n, seq: 11, filledBytes: 640, state: PROGRESS };

  test("version 1.2", () => {
    const bytes = encodeProgress(message);
    expect(readProgress(viewOf(bytes), 0, bytes.length)).toEqual({
      ...message,
      headerIndex: undefined,
    });
  });

  test("version 1.1 sends the slot as well", () => {
    const bytes = new Uint8Array(8 + 33);
    const view = viewOf(bytes);
    view.setUint16(0, 33, true);
    view.setUint16(2, 11, true);
    view.setUint16(4, 900, true);
    view.setUint16(6, 1, true);
    view.setUint32(8, 5, true);
    view.setBigUint64(12, 9n, true);
    view.setBigUint64(20, 11n, true);
    view.setUint32(28, 3, true);
    view.setBigUint64(32, 640n, true);
    view.setUint8(40, PROGRESS);
    expect(readProgress(view, 0, bytes.length)).toEqual({ ...message, headerIndex: 3 });
  });

  test("any bytes are a message or nothing, at every truncation too", () => {
    const bytes = encodeProgress(message);
    for (let length = 0; length < bytes.length; length++) {
      expect(readProgress(viewOf(bytes.slice(0, length)), 0, length)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        readProgress(viewOf(noise), 0, noise.length);
      }),
      fuzzRuns(500),
    );
  });
});

describe("§26.10: what a reader takes", () => {
  const at = (seq: number, filledBytes: number, state: wire.FrameProgressState, epoch = 1n) => ({
    streamId: 1,
    epoch,
    seq,
    filledBytes,
    state,
    headerIndex: undefined,
  });

  test("a newer frame of a slot, and more of the same one", () => {
    const tracker = new ProgressTracker(1n, 8);
    expect(tracker.take(at(3, 0, STARTED))).toBe("taken");
    expect(tracker.take(at(3, 10, PROGRESS))).toBe("taken");
    expect(tracker.take(at(3, 9, PROGRESS))).toBe("regression");
    expect(tracker.take(at(3, 10, STARTED))).toBe("regression");
    expect(tracker.filledBytes(3)).toBe(10);
    expect(tracker.take(at(11, 0, STARTED))).toBe("taken");
    expect(tracker.take(at(3, 100, COMPLETE))).toBe("regression");
    expect([tracker.filledBytes(3), tracker.filledBytes(11)]).toEqual([0, 0]);
    expect(tracker.take(at(12, 0, STARTED, 2n))).toBe("wrongEpoch");
    expect(tracker.take({ ...at(12, 0, STARTED), headerIndex: 5 })).toBe("wrongSlot");
    expect(tracker.take(at(12, 0, wire.FrameProgressState.UNKNOWN))).toBe("unknownState");
  });

  test("a prefix may be read where it is whole", () => {
    const shape: TensorShape = {
      dtype: "uint8",
      dtypeCode: 1,
      majorOrder: "row",
      dims: [2, 3],
      stridesBytes: [3, 1],
      itemBytes: 1,
      extentBytes: 6,
      progressUnit: "none",
      progressStrideBytes: 0,
    };
    expect(mayReadPrefix(shape)).toBe(true);
    const padded = { ...shape, stridesBytes: [64, 1], extentBytes: 67 };
    expect(mayReadPrefix(padded)).toBe(false);
    expect(mayReadPrefix({ ...padded, progressUnit: "rows" })).toBe(true);
  });
});
