import { expect, describe, test } from "@jest/globals";
import { AtomicBuffer } from "@proj/aeron";
import { Frame, FrameTemplate } from "@proj/tensor-pool";
import { parseHex } from "@proj/wire-types";
import { beginSlot, SlotField, slotOffset } from "#src/region/slot-header.js";
import { image, only, payload, world } from "./support/frame-pair.js";

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}

describe("§9: the first failing check decides", () => {
  test("unmapped", () => {
    const { producer, consumer, receive } = world();
    consumer.unmap();
    producer.publish(image, payload(image));
    expect(receive()).toEqual(["unmapped"]);
  });

  test("malformed: every truncation of a descriptor", () => {
    const { producer, queue, consumer } = world();
    producer.publish(image, payload(image));
    const [descriptor] = queue.take();
    if (descriptor === undefined) throw new Error("no descriptor");
    for (let length = 0; length < 48; length++) {
      expect(consumer.accept(descriptor, 0, length)).toBe("malformed");
    }
    expect(consumer.accept(descriptor, 0, 48)).toBeInstanceOf(Frame);
  });

  test("wrongStream and epochMismatch", () => {
    const { producer, queue, consumer } = world();
    producer.publish(image, payload(image));
    const [descriptor] = queue.take();
    if (descriptor === undefined) throw new Error("no descriptor");
    descriptor.setUint32(12, 99, true);
    expect(consumer.accept(descriptor, 0, 48)).toBe("epochMismatch");
    descriptor.setUint32(8, 99, true);
    expect(consumer.accept(descriptor, 0, 48)).toBe("wrongStream");
  });

  test("gaps are counted from the first frame on, and numbers do not go back", () => {
    const { producer, queue, consumer, receive } = world();
    for (let count = 0; count < 3; count++) producer.publish(image, payload(image));
    queue.take();
    producer.publish(image, payload(image));
    const [again] = queue.sent;
    expect(only(receive()).seq).toBe(3);
    expect(consumer.counters.dropsGap).toBe(0);
    producer.publish(image, payload(image));
    queue.take();
    producer.publish(image, payload(image));
    expect(only(receive()).seq).toBe(5);
    expect(consumer.counters.dropsGap).toBe(1);
    if (again === undefined) throw new Error("no descriptor");
    const view = new DataView(again.buffer);
    expect(consumer.accept(view, 0, 48)).toBe("regression");
    expect(consumer.stream).toBeDefined();
    view.setUint32(20, 0, true);
    expect(consumer.accept(view, 0, 48)).toBe("regression");
    expect(consumer.stream).toBeUndefined();
  });

  test("late: the slot was overwritten, or is being written", () => {
    const { producer, consumer, receive, memory } = world(2);
    for (let count = 0; count < 3; count++) producer.publish(image, payload(image));
    expect(receive().map((each) => (each instanceof Frame ? each.seq : each))).toEqual([
      "late",
      2,
      2,
    ]);
    expect(consumer.counters.dropsLate).toBe(1);
    producer.publish(image, payload(image));
    beginSlot(new AtomicBuffer(memory.ring), 1, 5);
    expect(receive()).toEqual(["late"]);
  });

  test("late: a frame that is overwritten while it is read", () => {
    const { producer, receive } = world(2);
    producer.publish(image, payload(image, 1));
    const frame = only(receive());
    producer.publish(image, payload(image, 2));
    expect(frame.stillValid()).toBe(true);
    producer.publish(image, payload(image, 3));
    expect(frame.stillValid()).toBe(false);
    expect(frame.copy()).toBeUndefined();
  });

  test.each([
    ["dtype 12", SlotField.dtype, 12],
    ["no major order", SlotField.majorOrder, 0],
    ["no dimensions", SlotField.ndims, 0],
    ["nine dimensions", SlotField.ndims, 9],
    ["another header", SlotField.header, 1],
    ["a stride that overlaps", SlotField.strides, 1],
    ["an unknown unit of progress", SlotField.progressUnit, 3],
    ["rows without their stride", SlotField.progressUnit, 1],
  ])("badHeader: %s", (_what, field, value) => {
    const { producer, receive, memory } = world();
    producer.publish(image, payload(image));
    memory.ring[slotOffset(0) + field] = value;
    expect(receive()).toEqual(["badHeader"]);
  });

  test("badExtent: a shape beyond its bytes, unless nobody asks", () => {
    for (const [checkExtent, expected] of [
      [true, "badExtent"],
      [false, "frame"],
    ] as const) {
      const { producer, receive, memory } = world(8, { 1: 64 }, { checkExtent });
      producer.publish(image, payload(image));
      memory.ring[slotOffset(0) + SlotField.dims] = 100;
      expect(receive().map((each) => (each instanceof Frame ? "frame" : each))).toEqual([expected]);
    }
  });

  test("a bad header does not hide the good one behind it, whatever they have in common", () => {
    const { producer, receive, memory } = world();
    const wide = new FrameTemplate({ dtype: "float32", shape: [3, 2] });
    const seen: unknown[] = [];
    for (const [index, template] of [image, image, wide, image].entries()) {
      producer.publish(template, payload(template));
      if (index === 1) memory.ring[slotOffset(index) + SlotField.dims + 7] = 0xff;
      for (const each of receive()) seen.push(each instanceof Frame ? each.shape.dims : each);
    }
    expect(seen).toEqual([[2, 3], "badHeader", [3, 2], [2, 3]]);
  });

  test("every byte that says what a frame is counts in a frame like the one before", () => {
    const type = { dtype: "uint16", shape: [2, 2, 2], progressUnit: "rows" } as const;
    const cube = new FrameTemplate(type);
    const last = SlotField.strides + 3 * 4;
    const ignored = [
      // Time, metadata and padding; and what dimensions beyond the third would be.
      ...range(SlotField.timestampNs, SlotField.headerLength),
      ...range(SlotField.dims + 3 * 4, SlotField.strides),
    ];
    for (let at = SlotField.valuesLenBytes; at < last; at++) {
      const { producer, consumer, receive, memory } = world(8, { 1: 64 });
      producer.publish(cube, payload(cube));
      const shape = only(receive()).shape;
      producer.publish(cube, payload(cube));
      memory.ring[slotOffset(1) + at] = (memory.ring[slotOffset(1) + at] ?? 0) ^ 0x80;
      const [second] = receive();
      const same = second instanceof Frame && second.shape === shape;
      expect({ at, same }).toEqual({ at, same: ignored.includes(at) });
      expect(consumer.counters.received).toBe(2);
    }
  });

  test.each([
    ["an unknown pool", SlotField.poolId, 9],
    ["another slot", SlotField.payloadSlot, 1],
    ["an offset", SlotField.payloadOffset, 8],
    ["more bytes than the stride", SlotField.valuesLenBytes, 65],
  ])("badSlot: %s", (_what, field, value) => {
    const { producer, receive, memory } = world();
    producer.publish(image, payload(image));
    memory.ring[slotOffset(0) + field] = value;
    expect(receive()).toEqual(["badSlot"]);
  });

  test("skipped: a backlog is passed over up to the newest frames", () => {
    const { producer, queue, consumer } = world(64, { 1: 64 }, { maxOutstandingSeqGap: 4 });
    for (let count = 0; count < 20; count++) producer.publish(image, payload(image));
    const results = queue.take().map((view) => consumer.accept(view, 0, 48, 19));
    expect(results.filter((each) => each === "skipped")).toHaveLength(15);
    expect(consumer.counters.accepted).toBe(5);
  });

  test("rateLimited: frames come as often as was asked for", () => {
    const { producer, consumer, receive, time } = world(64, { 1: 64 }, { maxRateHz: 10 });
    const seqs: (number | string)[] = [];
    for (let count = 0; count < 20; count++) {
      time.ns += 25_000_000n;
      producer.publish(image, payload(image));
      seqs.push(...receive().map((each) => (each instanceof Frame ? each.seq : each)));
    }
    expect(seqs.filter((each) => typeof each === "number")).toEqual([0, 4, 8, 12, 16]);
    expect(consumer.counters.drops.rateLimited).toBe(15);
  });

  test("rateLimited: by when a frame was captured, not by when it came", () => {
    const { producer, receive } = world(64, { 1: 64 }, { maxRateHz: 10 });
    for (let count = 0; count < 8; count++) {
      producer.publish(image, payload(image), { timestampNs: BigInt(count) * 50_000_000n });
    }
    const seqs = receive().map((each) => (each instanceof Frame ? each.seq : each));
    expect(seqs.filter((each) => each === "rateLimited")).toHaveLength(4);
  });

  test("rateLimited: a time far ahead does not shut the gate for good", () => {
    const { producer, consumer, queue } = world(64, { 1: 64 }, { maxRateHz: 10 });
    const seqs: unknown[] = [];
    for (const timestampNs of [2n ** 62n, 1_000n, 2_000n]) {
      producer.publish(image, payload(image), { timestampNs });
      for (const view of queue.take()) seqs.push(consumer.accept(view, 0, view.byteLength));
    }
    expect(seqs.map((each) => (each instanceof Frame ? "frame" : each))).toEqual([
      "frame",
      "frame",
      "rateLimited",
    ]);
  });
});

describe("§26.12: descriptors of other versions", () => {
  const old = "240004008403010010270000";
  test.each([
    ["1.1", `${old}070000000000000000000000000000000000000015cd28446e9e8a1803000000`, "frame"],
    [
      "1.1 with another slot",
      `${old}070000000000000000000000000000000100000015cd28446e9e8a1803000000`,
      "malformed",
    ],
    [
      "1.2 without trace",
      `20${old.slice(2)}0700000000000000000000000000000015cd28446e9e8a1803000000`,
      "frame",
    ],
    [
      "a length between",
      `22${old.slice(2)}0700000000000000000000000000000015cd28446e9e8a18030000000000`,
      "malformed",
    ],
  ])("%s", (_name, hex, expected) => {
    const { producer, consumer, queue } = world();
    producer.publish(image, payload(image));
    queue.take();
    const bytes = parseHex(hex);
    const result = consumer.accept(new DataView(bytes.buffer), 0, bytes.length);
    expect(result instanceof Frame ? "frame" : result).toBe(expected);
  });
});

test("§26.4: a number beyond 2^52 is refused, not rounded", () => {
  const { producer, queue, consumer } = world();
  producer.publish(image, payload(image));
  const [descriptor] = queue.take();
  if (descriptor === undefined) throw new Error("no descriptor");
  for (const seq of [2n ** 52n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    descriptor.setBigUint64(20, seq, true);
    expect(consumer.accept(descriptor, 0, 48)).toBe("malformed");
  }
  descriptor.setBigUint64(20, 2n ** 52n - 1n, true);
  expect(consumer.accept(descriptor, 0, 48)).toBe("late");
});
