import { setImmediate as turn } from "node:timers/promises";
import { spawnServer } from "@proj/bench";
import type { Client } from "@proj/aeron";
import { FrameTemplate } from "@proj/tensor-pool";
import { type DirectProducer, startDirectProducer } from "@proj/tensor-pool/node";

/** How a consumer waits for frames. */
export type Waiting = "busy" | "turn" | "blocking";

/** What a consumer in another process reads. */
export interface ConsumerInput {
  readonly aeronDir: string;
  readonly baseDir: string;
  readonly streamId: number;
  readonly waiting: Waiting;
}

/** What it saw. */
export interface ConsumerResult {
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly framesPerSecond: number;
  /** The share of frames that it did not get. */
  readonly lost: number;
}

/** The metadata version of the frame that ends a run. */
export const LAST = 0xdead;

/** Where a run takes place. */
export interface Place {
  readonly client: Client;
  readonly aeronDir: string;
  readonly baseDir: string;
}

/** One producer in this process and consumers in others. */
export interface Run {
  readonly bytes: number;
  readonly nslots: number;
  readonly consumers: number;
  readonly waiting: Waiting;
  readonly durationMs: number;
  /** Time between two frames in microseconds; 0 for as fast as can be. */
  readonly pauseUs: number;
  /** Whether payloads are copied in, or taken as written in place. */
  readonly filling: "copy" | "in place";
}

/** What a run gave: what was produced a second, and what each consumer saw. */
export interface RunResult {
  readonly producedPerSecond: number;
  readonly consumers: readonly ConsumerResult[];
}

let nextStreamId = 10_000;

/** Repeats a step for some milliseconds without letting the event loop turn. */
export function spinFor(durationMs: number, step: () => void): void {
  const endMs = performance.now() + durationMs;
  do {
    for (let count = 0; count < 100; count++) step();
  } while (performance.now() < endMs);
}

/** Runs a producer and its consumers. */
export async function runStream(place: Place, run: Run): Promise<RunResult> {
  const streamId = nextStreamId++;
  const direct = await startDirectProducer({
    client: place.client,
    streamId,
    nslots: run.nslots,
    pools: [{ poolId: 1, strideBytes: Math.max(64, Math.ceil(run.bytes / 64) * 64) }],
    baseDir: place.baseDir,
    wakeReaders: run.waiting === "blocking",
  });
  const input: ConsumerInput = {
    aeronDir: place.aeronDir,
    baseDir: place.baseDir,
    streamId,
    waiting: run.waiting,
  };
  const servers = await Promise.all(
    Array.from({ length: run.consumers }, () =>
      spawnServer(new URL("./consumer-process.js", import.meta.url), input),
    ),
  );
  try {
    const producedPerSecond = await produce(direct, run);
    const results = servers.map((server) => server.ask("result") as Promise<ConsumerResult>);
    const done = Promise.all(results);
    const state = { ended: false };
    void done.finally(() => {
      state.ended = true;
    });
    const empty = new FrameTemplate({ dtype: "uint8", shape: [0] });
    while (!state.ended) {
      direct.producer.publish(empty, new Uint8Array(0), { metaVersion: LAST });
      await turn();
    }
    return { producedPerSecond, consumers: await done };
  } finally {
    for (const server of servers) await server.close();
    direct.close();
  }
}

async function produce({ producer }: DirectProducer, run: Run): Promise<number> {
  const template = new FrameTemplate({ dtype: "uint8", shape: [run.bytes] });
  const payload = new Uint8Array(run.bytes).fill(7);
  const publish = (): void => {
    const timestampNs = process.hrtime.bigint();
    if (run.filling === "copy") producer.publish(template, payload, { timestampNs });
    else {
      const claim = producer.claim(template);
      if (typeof claim !== "number") claim.commit({ timestampNs });
    }
  };
  const warmMs = 1_200;
  let first = -1;
  const start = performance.now();
  let measuredFrom = start;
  while (performance.now() - start < warmMs + run.durationMs) {
    if (first < 0 && performance.now() - start >= warmMs) {
      first = producer.nextSeq;
      measuredFrom = performance.now();
    }
    const endMs = performance.now() + 5;
    while (performance.now() < endMs) {
      publish();
      if (run.pauseUs > 0) waitUs(run.pauseUs);
    }
    await turn();
  }
  return ((producer.nextSeq - first) * 1_000) / (performance.now() - measuredFrom);
}

function waitUs(durationUs: number): void {
  const endMs = performance.now() + durationUs / 1_000;
  while (performance.now() < endMs);
}
