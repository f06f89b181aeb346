import { setImmediate as turn } from "node:timers/promises";
import type { Client } from "@proj/aeron";
import { quantile } from "@proj/bench";

/** The channel of all messages: Java's clients ask for the same terms. */
export const CHANNEL = "aeron:ipc?term-length=16m";

/** What the process on the other side does. */
export interface LoadInput {
  readonly part: "pong" | "write";
  readonly aeronDir: string;
  readonly stream: number;
  readonly bytes: number;
}

/** Repeats a step for some milliseconds without letting the event loop turn. */
export function spinFor(durationMs: number, step: () => void): void {
  const endMs = performance.now() + durationMs;
  do {
    for (let count = 0; count < 1_000; count++) step();
  } while (performance.now() < endMs);
}

/** Measures round trips of `bytes` bytes; returns their p50 and p99 in nanoseconds. */
export async function ping(
  client: Client,
  stream: number,
  bytes: number,
  count: number,
): Promise<readonly [number, number]> {
  const back = await client.addSubscription(CHANNEL, stream + 1);
  const there = await client.addExclusivePublication(CHANNEL, stream);
  while (!there.isConnected || !back.isConnected) await turn();
  const message = new Uint8Array(bytes);
  const tookUs = new Float64Array(count);
  const ignore = (): void => undefined;
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < count; number++) {
      const start = performance.now();
      while (there.offer(message) < 0);
      while (back.poll(ignore, 1) === 0);
      tookUs[number] = performance.now() - start;
      if (number % 10_000 === 0) await turn();
    }
  }
  there.close();
  back.close();
  const sorted = tookUs.toSorted();
  return [quantile(sorted, 0.5) * 1e6, quantile(sorted, 0.99) * 1e6];
}

/** Counts the messages of a second, after a second of warming up. */
export async function readRate(
  client: Client,
  stream: number,
  durationMs: number,
): Promise<number> {
  const subscription = await client.addSubscription(CHANNEL, stream);
  let messages = 0;
  const count = (): void => {
    messages++;
  };
  while (subscription.poll(count, 1) === 0) await turn();
  let rate = 0;
  for (let round = 0; round < 2; round++) {
    messages = 0;
    const start = performance.now();
    while (performance.now() - start < durationMs) {
      spinFor(20, () => subscription.poll(count, 256));
      await turn();
    }
    rate = (messages * 1_000) / (performance.now() - start);
  }
  subscription.close();
  return rate;
}
