import { describe, expect, test } from "@jest/globals";
import { AtomicBuffer } from "@proj/aeron";
import { Frame, FrameTemplate, PublishResult, slotOf } from "@proj/tensor-pool";
import { beginSlot, slotOffset } from "#src/region/slot-header.js";
import { image, only, payload, world } from "./support/frame-pair.js";

describe("a frame", () => {
  test("is read in place with its shape, its time and its elements", () => {
    const { producer, receive, time } = world();
    time.ns = 123n;
    producer.metaVersion = 4;
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(producer.publish(image, new Uint8Array(values.buffer), { traceId: 9n })).toBe(0);
    const frame = only(receive());
    expect(frame).toMatchObject({ seq: 0, metaVersion: 4, traceId: 9n, timestampNs: 123n });
    expect(frame.shape).toMatchObject({ dtype: "float32", dims: [2, 3], stridesBytes: [12, 4] });
    expect(frame.values()).toEqual(values);
    expect(frame.stillValid()).toBe(true);
    expect(frame.copy()).toEqual(new Uint8Array(values.buffer));
  });

  test("goes into the smallest pool that holds it", () => {
    const { producer, memory, receive } = world();
    const small = new FrameTemplate({ dtype: "uint8", shape: [64] });
    const large = new FrameTemplate({ dtype: "uint8", shape: [65] });
    producer.publish(small, payload(small));
    producer.publish(large, payload(large));
    expect(receive().map((each) => only([each]).payload.length)).toEqual([65, 65]);
    expect(memory.pools.get(1)?.subarray(0, 64)).toEqual(payload(small));
    expect(memory.pools.get(2)?.subarray(1_024, 1_024 + 65)).toEqual(payload(large));
  });

  test("that no pool holds is refused and takes no number", () => {
    const { producer, receive } = world();
    const huge = new FrameTemplate({ dtype: "uint8", shape: [2_000] });
    expect(producer.publish(huge, payload(huge))).toBe(PublishResult.noPool);
    expect(producer.claim(huge)).toBe(PublishResult.noPool);
    expect(producer.publish(image, payload(image))).toBe(0);
    expect(producer.counters.dropsNoPool).toBe(2);
    expect(receive()).toHaveLength(1);
  });

  test("may have no elements", () => {
    const { producer, receive } = world();
    const empty = new FrameTemplate({ dtype: "int16", shape: [0, 5] });
    producer.publish(empty, new Uint8Array(0));
    const frame = only(receive());
    expect(frame.payload).toHaveLength(0);
    expect(frame.shape.dims).toEqual([0, 5]);
  });

  test("is written in place, and given up without leaving a gap", () => {
    const { producer, receive, consumer } = world();
    const first = producer.claim(image);
    if (typeof first === "number") throw new Error("no claim");
    first.abort();
    const second = producer.claim(image);
    if (typeof second === "number") throw new Error("no claim");
    expect(second.seq).toBe(0);
    expect(second.bytes).toHaveLength(64);
    second.bytes.set(payload(image, 5));
    expect(receive()).toEqual([]);
    second.commit();
    expect(only(receive()).payload).toEqual(payload(image, 5));
    expect(consumer.counters.dropsGap).toBe(0);
    expect(() => {
      second.commit();
    }).toThrow(RangeError);
  });

  test("claimed before another is announced before it, whichever is committed first", () => {
    const { producer, receive } = world();
    const claims = [producer.claim(image), producer.claim(image)];
    const [one, two] = claims;
    if (typeof one !== "object" || typeof two !== "object") throw new Error("no claims");
    two.commit();
    expect(producer.publish(image, payload(image))).toBe(2);
    expect(receive()).toEqual([]);
    one.commit();
    expect(receive().map((each) => (each instanceof Frame ? "frame" : each))).toEqual([
      "frame",
      "frame",
      "frame",
    ]);
  });

  test("as many claims as slots and no more", () => {
    const { producer } = world(2);
    producer.claim(image);
    producer.claim(image);
    expect(producer.claim(image)).toBe(PublishResult.tooManyClaims);
  });

  test("after the lease is lost is not written at all", () => {
    const { producer, memory } = world();
    producer.revoke();
    expect(producer.publish(image, payload(image))).toBe(PublishResult.leaseLost);
    expect(producer.claim(image)).toBe(PublishResult.leaseLost);
    expect(memory.ring.every((byte) => byte === 0)).toBe(true);
  });
});

test("a transport that takes no descriptor does not stop the producer", () => {
  const { producer, queue, receive, consumer } = world();
  producer.publish(image, payload(image));
  queue.refuse = 1;
  producer.publish(image, payload(image));
  producer.publish(image, payload(image));
  expect(receive().map((each) => (each instanceof Frame ? "frame" : each))).toEqual([
    "frame",
    "frame",
  ]);
  expect(consumer.counters.dropsGap).toBe(1);
  expect(producer.counters).toEqual({ published: 3, dropsNoPool: 0, descriptorBackPressured: 1 });
});

test.each([1, 2, 1_024])("§26.4: %d slots, over the 32-bit boundary of seq", (nslots) => {
  const { memory } = world(nslots, { 1: 64 });
  const ring = new AtomicBuffer(memory.ring);
  for (const seq of [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52 - 1]) {
    const index = seq % nslots;
    beginSlot(ring, index, seq);
    expect(new DataView(memory.ring.buffer).getBigUint64(slotOffset(index), true)).toBe(
      BigInt(seq) * 2n,
    );
  }
});

test.each([1, 2, 1_024])("§26.4: of %d slots the low bits choose, over 2^32 and 2^53", (nslots) => {
  for (const around of [2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53]) {
    for (const seq of [around - 1, around, around + 2]) {
      expect(slotOf(seq, nslots)).toBe(Number(BigInt(seq) % BigInt(nslots)));
    }
  }
});

describe("templates", () => {
  test.each([
    [{ dtype: "float32", shape: [] }],
    [{ dtype: "float32", shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }],
    [{ dtype: "float32", shape: [-1] }],
    [{ dtype: "float32", shape: [2, 2], stridesBytes: [4, 4] }],
    [{ dtype: "uint8", shape: [4], progressUnit: "columns" }],
  ] as const)("%j is refused", (type) => {
    expect(() => new FrameTemplate(type)).toThrow(RangeError);
  });

  test("rows with gaps between them, and column-major", () => {
    const padded = new FrameTemplate({ dtype: "uint8", shape: [3, 5], stridesBytes: [8, 1] });
    expect(padded.payloadBytes).toBe(21);
    const columns = new FrameTemplate({ dtype: "int16", shape: [3, 5], majorOrder: "column" });
    expect(columns.payloadBytes).toBe(30);
    const { producer, receive } = world();
    producer.publish(columns, payload(columns));
    expect(only(receive()).shape).toMatchObject({ majorOrder: "column", stridesBytes: [2, 6] });
  });
});
