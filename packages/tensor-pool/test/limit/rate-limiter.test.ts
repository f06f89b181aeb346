import { expect, test } from "@jest/globals";
import {
  Consumer,
  Frame,
  FrameTemplate,
  Producer,
  RateGate,
  RateLimiter,
  RelayProducer,
} from "@proj/tensor-pool";
import { DescriptorQueue, StreamMemory } from "../support/memory-stream.js";

const fence = (): void => undefined;
const nowNs = (): bigint => 0n;

test("§19: the newest frame passes when its time has come, under its own number", () => {
  const memory = new StreamMemory(8, { 1: 64 });
  const queue = new DescriptorQueue();
  const producer = new Producer({ stream: memory.map(1), descriptors: queue, nowNs, fence });
  const consumer = new Consumer({ nowNs, fence });
  consumer.map(memory.map(1));
  const target = new StreamMemory(8, { 1: 64 });
  const out = new DescriptorQueue();
  const relay = new RelayProducer({ stream: target.map(2), descriptors: out, fence });
  const limiter = new RateLimiter(relay, 10);
  const template = new FrameTemplate({ dtype: "uint8", shape: [1] });
  let now = 0n;
  const publish = (): void => {
    producer.publish(template, Uint8Array.of(producer.nextSeq));
    for (const view of queue.take()) {
      const frame = consumer.accept(view, 0, 48);
      if (frame instanceof Frame) limiter.take(now, frame);
    }
  };
  // Every 10 ms for half a second; one in 100 ms may pass.
  for (let frame = 0; frame < 50; frame++) {
    publish();
    limiter.tick(now);
    now += 10_000_000n;
  }
  const seqs = (): number[] => out.take().map((view) => Number(view.getBigUint64(20, true)));
  expect(seqs()).toEqual([0, 10, 20, 30, 40]);
  expect(limiter.counters).toMatchObject({ received: 50, passed: 5, overwritten: 0 });
  limiter.tick(now);
  expect(seqs()).toEqual([49]);
  publish();
  limiter.remapped();
  publish();
  expect(seqs()).toEqual([51]);
  // Overwritten while it waited: it counts, and nothing passes.
  publish();
  for (let frame = 0; frame < 8; frame++) producer.publish(template, Uint8Array.of(0));
  limiter.tick(now + 200_000_000n);
  expect(seqs()).toEqual([]);
  expect(limiter.counters.overwritten).toBe(1);
});

test("a gate of 0 lets everything pass, and one of less than nothing is none", () => {
  const gate = new RateGate(0);
  expect([gate.pass(0n), gate.pass(0n), gate.isOpen(0n)]).toEqual([true, true, true]);
  expect(() => new RateGate(-1)).toThrow(RangeError);
});

test("a frame that is a little late does not push those behind it back", () => {
  const gate = new RateGate(10);
  const passed = [0n, 110n, 200n, 299n, 300n, 1_000n, 1_050n].map((ms) =>
    gate.pass(1_000_000_000n + ms * 1_000_000n),
  );
  expect(passed).toEqual([true, true, true, false, true, true, false]);
});
