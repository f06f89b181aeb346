import { expect, test } from "@jest/globals";
import { AtomicBuffer, type FragmentHandler, FragmentHeader } from "@proj/aeron";
import {
  Consumer,
  type ConsumerOptions,
  type DropReason,
  FrameTemplate,
  Producer,
} from "@proj/tensor-pool";
import { FrameSource } from "#src/io/frame-source.js";
import { findNewestSeq } from "#src/region/slot-header.js";
import { DescriptorQueue, StreamMemory } from "../support/memory-stream.js";

const template = new FrameTemplate({ dtype: "uint8", shape: [8] });
const payload = new Uint8Array(8);
const fence = (): void => undefined;
const nowNs = (): bigint => 0n;

function world(nslots: number, options: ConsumerOptions = {}) {
  const memory = new StreamMemory(nslots, { 1: 64 });
  const queue = new DescriptorQueue();
  const producer = new Producer({ stream: memory.map(), descriptors: queue, nowNs, fence });
  const consumer = new Consumer({ nowNs, fence, options });
  consumer.map(memory.map());
  const drops: DropReason[] = [];
  const header = new FragmentHeader();
  const source = new FrameSource({
    consumer,
    descriptors: {
      poll(handler: FragmentHandler, limit: number) {
        const taken = queue.sent.splice(0, limit);
        for (const bytes of taken) handler(new AtomicBuffer(bytes), 0, bytes.length, header);
        return taken.length;
      },
      close: () => undefined,
    },
    follow: () => undefined,
    onDrop: (reason) => drops.push(reason),
  });
  const publish = (count: number): void => {
    for (let frame = 0; frame < count; frame++) producer.publish(template, payload);
  };
  return { memory, producer, consumer, source, drops, publish };
}

test("§9.4: who is further behind than half of the ring skips to what is newer", () => {
  const { source, drops, publish } = world(256);
  const seqs: number[] = [];
  const poll = (): number => source.poll(({ seq }) => seqs.push(seq));
  publish(200);
  expect([poll(), poll(), poll(), poll(), poll()]).toEqual([64, 57, 64, 8, 0]);
  expect(drops).toEqual(Array.from({ length: 7 }, () => "skipped"));
  expect(seqs.slice(62, 66)).toEqual([62, 63, 71, 72]);
  expect(seqs.at(-1)).toBe(199);
});

test("§9.4: with a gap of 0 nothing is skipped", () => {
  const { source, drops, publish } = world(256, { maxOutstandingSeqGap: 0 });
  let frames = 0;
  publish(200);
  while (source.poll(() => frames++) > 0);
  expect({ frames, drops }).toEqual({ frames: 200, drops: [] });
});

test("§9.4: frames() skips as poll() does", async () => {
  const { source, drops, publish } = world(256);
  publish(200);
  const seqs: number[] = [];
  for await (const { seq } of source.frames()) {
    seqs.push(seq);
    if (seq === 199) break;
  }
  expect(seqs).toHaveLength(193);
  expect(drops).toHaveLength(7);
});

test("frames() waits for what is published later, and ends when it is closed", async () => {
  const { source, publish } = world(8);
  const frames = source.frames();
  const next = frames.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  publish(1);
  expect((await next).value).toMatchObject({ seq: 0 });
  const last = frames.next();
  source.close();
  expect((await last).done).toBe(true);
});

test.each([1, 2, 8, 256])("the newest frame of %d slots is found from any before it", (nslots) => {
  const { producer, memory, publish } = world(nslots);
  const ring = new AtomicBuffer(memory.ring);
  for (let round = 0; round < 40; round++) {
    publish(1 + ((round * 7) % 20));
    const newest = producer.nextSeq - 1;
    for (let from = Math.max(0, newest - 2 * nslots); from <= newest; from++) {
      expect(findNewestSeq(ring, nslots, from)).toBe(newest);
    }
  }
});
