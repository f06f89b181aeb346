import type { PayloadProtection } from "@proj/dcquic-core";
import { type Fact, type Operation, quantile, spawnServer } from "@proj/bench";
import { openCLoop } from "./dcquic-loop.js";
import { type DriverName, overDcquic } from "./dcquic-peers.js";
import { warmUp } from "./warm-up.js";

// Each turn of dcQUIC, and of the loop in C++ after it.
const TURN_MS = 300;

/** Bulk transfers one after the other, both ends on one thread. */
export interface BulkPlan {
  readonly driver: DriverName;
  readonly protection: PayloadProtection;
  readonly payloadBytes: number;
  /** The largest datagrams; what the path is found to take if absent. */
  readonly datagramBytes?: number;
  /** What the process is told about the addon, which it reads as it starts. */
  readonly env?: Readonly<Record<string, string>>;
  /** Processor time before anything is measured. */
  readonly warmUpMs: number;
  /** For how long it is measured. */
  readonly seconds: number;
  /** At least this of what the loop in C++ carries. */
  readonly ofC?: number;
  /** At least so many. */
  readonly megabytesPerSecond?: number;
}

/** How many bytes a second a process carries that is started for it alone. */
export async function bulkApart(plan: BulkPlan): Promise<Fact[]> {
  const apart = new URL("./dcquic-carrier.js", import.meta.url);
  const process = await spawnServer(apart, undefined, { env: plan.env ?? {} });
  try {
    return (await process.ask(plan)) as Fact[];
  } finally {
    await process.close();
  }
}

/** The same in this process. */
export async function bulk(plan: BulkPlan): Promise<Fact[]> {
  const { driver, protection, datagramBytes, warmUpMs, seconds } = plan;
  const exchange = await overDcquic(driver, datagramBytes, protection);
  const payload = new Uint8Array(plan.payloadBytes).fill(7);
  const ours = { run: () => exchange.carry(payload), close: () => exchange.close() };
  const c = driver === "native" ? await openCLoop(payload.length) : undefined;
  await warmUp(ours.run, warmUpMs);
  const rates: number[] = [];
  const ratios: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  while (performance.now() < untilMs) {
    const rate = await rateOf(ours, payload.length);
    rates.push(rate);
    if (c !== undefined) ratios.push(rate / (await rateOf(c, payload.length)));
  }
  await ours.close();
  await c?.close?.();
  return facts(plan, Float64Array.from(rates).toSorted(), Float64Array.from(ratios).toSorted());
}

function facts(plan: BulkPlan, rates: Float64Array, ratios: Float64Array): Fact[] {
  const { ofC, megabytesPerSecond } = plan;
  const name = nameOf(plan);
  const carried: Fact = {
    name,
    value: quantile(rates, 0.5) / 1e6,
    unit: "MB/s",
    ...(megabytesPerSecond === undefined ? {} : { target: { atLeast: megabytesPerSecond } }),
  };
  if (ratios.length === 0) return [carried];
  const ratio: Fact = {
    name: "  of what the loop in C++ carries",
    value: quantile(ratios, 0.5),
    unit: "of C",
    ...(ofC === undefined ? {} : { target: { atLeast: ofC } }),
  };
  return [carried, ratio];
}

function nameOf({ driver, protection, payloadBytes, datagramBytes, env = {} }: BulkPlan): string {
  const told = Object.entries(env).map(([key, value]) => `, ${key}=${value}`);
  const how = protection === "packet" ? "packet by packet" : "records";
  const small = datagramBytes === undefined ? "" : `, datagrams of ${datagramBytes} bytes`;
  return `${payloadBytes / 2 ** 20} MiB over ${driver}, ${how}${small}${told.join("")}`;
}

// Bytes a second, by the clock.
async function rateOf(operation: Pick<Operation, "run">, bytes: number): Promise<number> {
  const begunMs = performance.now();
  let times = 0;
  let tookMs = 0;
  for (; tookMs < TURN_MS; tookMs = performance.now() - begunMs) {
    await operation.run();
    times += 1;
  }
  return (times * bytes * 1000) / tookMs;
}
