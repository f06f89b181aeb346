import { Consumer, type ConsumerOptions, Frame, FrameTemplate, Producer } from "@proj/tensor-pool";
import { DescriptorQueue, StreamMemory } from "./memory-stream.js";

/** Two rows of three numbers. */
export const image: FrameTemplate = new FrameTemplate({ dtype: "float32", shape: [2, 3] });

/** A producer and a consumer of one stream in plain memory, and what carries descriptors between them. */
export function world(
  nslots = 8,
  strides: Record<number, number> = { 1: 64, 2: 1_024 },
  options: ConsumerOptions = {},
) {
  const memory = new StreamMemory(nslots, strides);
  const queue = new DescriptorQueue();
  const time = { ns: 1_000n };
  const fence = (): void => undefined;
  const nowNs = (): bigint => time.ns;
  const producer = new Producer({ stream: memory.map(), descriptors: queue, nowNs, fence });
  const consumer = new Consumer({ nowNs, fence, options });
  consumer.map(memory.map());
  const receive = (): (Frame | string)[] =>
    queue.take().map((view) => consumer.accept(view, 0, view.byteLength));
  return { memory, queue, time, producer, consumer, receive };
}

/** Bytes that fit a template. */
export function payload(template: FrameTemplate, seed = 0): Uint8Array {
  return Uint8Array.from({ length: template.payloadBytes }, (_, index) => index + seed);
}

/** The frame that came first. @throws Error when none did */
export function only(results: readonly (Frame | string)[]): Frame {
  const [frame] = results;
  if (!(frame instanceof Frame)) throw new Error(`got ${String(frame)}`);
  return frame;
}
