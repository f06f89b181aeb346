import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fact, median } from "@proj/bench";
import { backend } from "@proj/native-io";
import {
  Consumer,
  type DescriptorSink,
  FrameTemplate,
  MappedPool,
  MappedStream,
  Producer,
  ringBytes,
} from "@proj/tensor-pool";
import { monotonicNs, writeMonotonicNs } from "@proj/tensor-pool/node";
import type { SharedRegion } from "@proj/wire-types";

const SLOTS = 64;
const DESCRIPTOR_BYTES = 64;
const NOTHING = new Uint8Array(0);

/** What one frame costs each side, without the transport, in one process. */
export async function costs(rounds: number): Promise<Fact[]> {
  const small = frameCosts(0, rounds);
  const large = frameCosts(1_048_576, rounds);
  const { bytesPerFrame, collections } = await allocation();
  return [
    { name: "publish a full header", value: small.publishNs, unit: "ns", target: { atMost: 150 } },
    { name: "accept a frame of 0 B", value: small.acceptNs, unit: "ns", target: { atMost: 50 } },
    { name: "accept a frame of 1 MiB", value: large.acceptNs, unit: "ns", target: { atMost: 50 } },
    { name: "heap that a frame takes, both sides", value: bytesPerFrame, unit: "B" },
    { name: "garbage collections in a million frames", value: collections, unit: "" },
  ];
}

interface Pair {
  readonly producer: Producer;
  readonly consumer: Consumer;
  readonly template: FrameTemplate;
  readonly descriptors: DataView;
}

function pair(bytes: number): Pair {
  const stride = Math.max(64, bytes);
  const ring = new Uint8Array(ringBytes(SLOTS));
  const pool = new Uint8Array(SLOTS * stride);
  const map = (): MappedStream =>
    new MappedStream({
      streamId: 1,
      epoch: 123_456_789n,
      nslots: SLOTS,
      ring: region(ring),
      pools: [new MappedPool(1, stride, [region(pool)], SLOTS)],
      superblocks: [],
    });
  const sent = new Uint8Array(SLOTS * DESCRIPTOR_BYTES);
  let next = 0;
  const descriptors: DescriptorSink = {
    offer(descriptor) {
      sent.set(descriptor, (next++ % SLOTS) * DESCRIPTOR_BYTES);
      return 1;
    },
  };
  const { fence } = backend.shm;
  const producer = new Producer({
    stream: map(),
    descriptors,
    nowNs: monotonicNs,
    writeNowNs: writeMonotonicNs,
    fence,
  });
  const consumer = new Consumer({ nowNs: monotonicNs, fence });
  consumer.map(map());
  const template = new FrameTemplate({ dtype: "uint8", shape: [bytes] });
  return { producer, consumer, template, descriptors: new DataView(sent.buffer) };
}

function frameCosts(bytes: number, rounds: number): { publishNs: number; acceptNs: number } {
  const { producer, consumer, template, descriptors } = pair(bytes);
  const publishNs: number[] = [];
  const acceptNs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let slot = 0; slot < SLOTS; slot++) publishHeader(producer, template);
    const between = performance.now();
    for (let slot = 0; slot < SLOTS; slot++) {
      consumer.accept(descriptors, slot * DESCRIPTOR_BYTES, 48);
    }
    publishNs.push(((between - start) * 1e6) / SLOTS);
    acceptNs.push(((performance.now() - between) * 1e6) / SLOTS);
  }
  if (consumer.counters.accepted !== rounds * SLOTS) throw new Error("frames were lost");
  return { publishNs: median(publishNs), acceptNs: median(acceptNs) };
}

// What is written in place costs no copy, so that the header is all that is measured.
function publishHeader(producer: Producer, template: FrameTemplate): void {
  if (template.payloadBytes === 0) {
    producer.publish(template, NOTHING);
    return;
  }
  const claim = producer.claim(template);
  if (typeof claim !== "number") claim.commit();
}

async function allocation(): Promise<{ bytesPerFrame: number; collections: number }> {
  const { producer, consumer, template, descriptors } = pair(0);
  const payload = new Uint8Array(0);
  const run = (frames: number): void => {
    for (let frame = 0; frame < frames; frame++) {
      producer.publish(template, payload);
      consumer.accept(descriptors, (frame % SLOTS) * DESCRIPTOR_BYTES, 48);
    }
  };
  // Many short runs: the compiler looks at a function between two calls of it.
  for (let round = 0; round < 400; round++) run(SLOTS * 100);
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  globalThis.gc?.();
  await sleep(10);
  observer.observe({ entryTypes: ["gc"] });
  const before = process.memoryUsage().heapUsed;
  const frames = SLOTS * 15_625;
  for (let round = 0; round < 125; round++) run(frames / 125);
  const bytesPerFrame = (process.memoryUsage().heapUsed - before) / frames;
  await sleep(10);
  observer.disconnect();
  return { bytesPerFrame: Math.max(0, bytesPerFrame), collections };
}

function region(bytes: Uint8Array): SharedRegion {
  return { name: "memory", size: bytes.length, readOnly: false, bytes, unmap: () => undefined };
}
