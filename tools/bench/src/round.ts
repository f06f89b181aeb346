import { quantile } from "./statistics.js";

/** CPU time in microseconds, as `process.cpuUsage` counts it. */
export interface CpuTime {
  /** Time in user code. */
  readonly user: number;
  /** Time in the kernel. */
  readonly system: number;
}

/** One call of the thing under measurement. */
export type Call = () => unknown;

/** How calls follow each other. */
export type Pace =
  /** Synchronous calls, timed in batches because one is shorter than a clock tick. */
  | { readonly kind: "batch" }
  /** Each call waits for the one before. */
  | { readonly kind: "sequential" }
  /** `inFlight` calls are under way at any moment. */
  | { readonly kind: "pipelined"; readonly inFlight: number };

/** What one peer did in one round. */
export interface RoundSample {
  /** Calls that finished. */
  readonly calls: number;
  /** Wall time of the round in microseconds. */
  readonly wallUs: number;
  /** CPU time of every process involved, in microseconds. */
  readonly cpuUs: number;
  /** Median time of one call, in microseconds. */
  readonly p50Us: number;
  /** 99th percentile of the time of one call, in microseconds. */
  readonly p99Us: number;
}

/** What a round needs to know. */
export interface RoundOptions {
  readonly pace: Pace;
  /** How long the round lasts. */
  readonly roundMs: number;
  /** Calls in one batch, for the `batch` pace. */
  readonly batchCalls: number;
  /** CPU time of other processes that serve these calls. */
  readonly foreignCpu?: (() => Promise<CpuTime>) | undefined;
}

const sum = (time: CpuTime): number => time.user + time.system;

/** Runs `call` for one round. */
export async function runRound(call: Call, options: RoundOptions): Promise<RoundSample> {
  const foreignBefore = sum((await options.foreignCpu?.()) ?? { user: 0, system: 0 });
  const ownBefore = process.cpuUsage();
  const startMs = performance.now();
  const samples = await pace(call, options, startMs + options.roundMs);
  const wallUs = (performance.now() - startMs) * 1000;
  const ownUs = sum(process.cpuUsage(ownBefore));
  const foreignUs = sum((await options.foreignCpu?.()) ?? { user: 0, system: 0 }) - foreignBefore;
  const perSample = options.pace.kind === "batch" ? options.batchCalls : 1;
  const sorted = Float64Array.from(samples).toSorted();
  return {
    calls: samples.length * perSample,
    wallUs,
    cpuUs: ownUs + foreignUs,
    p50Us: quantile(sorted, 0.5),
    p99Us: quantile(sorted, 0.99),
  };
}

function pace(call: Call, options: RoundOptions, endMs: number): number[] | Promise<number[]> {
  switch (options.pace.kind) {
    case "batch":
      return batches(call, options.batchCalls, endMs);
    case "sequential":
      return sequential(call, endMs);
    case "pipelined":
      return pipelined(call, options.pace.inFlight, endMs);
  }
}

/** Holds the last result, so that the optimizer cannot drop the call that made it. */
const sink: { last: unknown } = { last: undefined };

function batches(call: Call, batchCalls: number, endMs: number): number[] {
  const samples: number[] = [];
  let beforeMs = performance.now();
  do {
    for (let i = 0; i < batchCalls; i++) sink.last = call();
    const afterMs = performance.now();
    samples.push(((afterMs - beforeMs) * 1000) / batchCalls);
    beforeMs = afterMs;
  } while (beforeMs < endMs);
  return samples;
}

async function sequential(call: Call, endMs: number): Promise<number[]> {
  const samples: number[] = [];
  let beforeMs = performance.now();
  do {
    sink.last = await call();
    const afterMs = performance.now();
    samples.push((afterMs - beforeMs) * 1000);
    beforeMs = afterMs;
  } while (beforeMs < endMs);
  return samples;
}

async function pipelined(call: Call, inFlight: number, endMs: number): Promise<number[]> {
  const lanes = Array.from({ length: inFlight }, () => sequential(call, endMs));
  return (await Promise.all(lanes)).flat();
}

/** Finds how many calls take about `batchMs`, warming `call` up on the way. */
export function calibrate(call: Call, batchMs: number): number {
  for (let calls = 1; ; calls *= 2) {
    const beforeMs = performance.now();
    for (let i = 0; i < calls; i++) sink.last = call();
    const tookMs = performance.now() - beforeMs;
    if (tookMs >= batchMs || calls >= 2 ** 24) {
      return Math.max(1, Math.round((calls * batchMs) / Math.max(tookMs, batchMs / 2)));
    }
  }
}
