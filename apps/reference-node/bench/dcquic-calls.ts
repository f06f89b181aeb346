import { type CpuTime, type Fact, quantile, spawnServer } from "@proj/bench";
import { CacheProbe } from "./cache-probe.js";
import { type Connected, openPools, openToProcess } from "./dcquic-peers.js";

// In Node a global of this kind is a getter: the clock is read twice for each call.
const { performance } = globalThis;

/** Where the two ends of a call are. */
export type Ends = "one thread" | "two processes";

/** Unary calls, so many under way all the time. */
export interface CallsPlan {
  readonly driver: "native" | "dgram";
  readonly ends: Ends;
  readonly outstanding: number;
  /** For how long they are counted. */
  readonly seconds: number;
  /** What Node is started with, at both ends. */
  readonly nodeFlags?: readonly string[];
  /** At least so many a second. */
  readonly target?: number;
}

/**
 * How many calls a second, and how long each takes, in a process of its own: Node takes some flags at its start alone, and what another
 * case left behind, its heap and its compiled code, is not what calls meet in a program.
 */
export async function callsApart(plan: CallsPlan): Promise<Fact[]> {
  const { nodeFlags = [] } = plan;
  const apart = new URL("./dcquic-caller.js", import.meta.url);
  const process = await spawnServer(apart, undefined, { nodeFlags });
  try {
    const facts = (await process.ask(plan)) as Fact[];
    const { peakRss } = await process.memory();
    return [...facts, { name: "  memory here at its peak", value: peakRss / 2 ** 20, unit: "MiB" }];
  } finally {
    await process.close();
  }
}

/** The same in this process, whatever it was started with. */
export async function calls(plan: CallsPlan): Promise<Fact[]> {
  const { ends, outstanding, seconds } = plan;
  const { caller, peer, cpu, close } = await openEnds(plan);
  const request = new Uint8Array(128);
  const samples: number[] = [];
  const rounds = new Rounds();
  const run = async (forSeconds: number): Promise<void> => {
    samples.length = 0;
    const begun = performance.now();
    const endMs = begun + forSeconds * 1000;
    rounds.begin(begun);
    await Promise.all(
      Array.from({ length: outstanding }, async () => {
        for (let startMs = begun; startMs < endMs;) {
          startMs = performance.now();
          (await caller.unaryRpc(peer, request).response).release();
          const nowMs = performance.now();
          samples.push((nowMs - startMs) * 1000);
          rounds.tell(nowMs, samples.length);
        }
      }),
    );
  };
  await run(seconds / 4);
  const before = [process.cpuUsage(), await cpu?.()] as const;
  await run(seconds);
  const here = microsecondsOf(process.cpuUsage(before[0]));
  const there = microsecondsOf(await cpu?.()) - microsecondsOf(before[1]);
  await close();
  const sorted = Float64Array.from(samples).toSorted();
  return [
    ...rateFacts(plan, rounds.all),
    ...[0.5, 0.9, 0.99, 0.999].map((q) => ({
      name: `  p${q * 100}`,
      value: quantile(sorted, q),
      unit: "µs",
    })),
    { name: "  processor time of a call here", value: here / samples.length, unit: "µs" },
    ...(ends === "one thread"
      ? []
      : [{ name: "  and at the other end", value: there / samples.length, unit: "µs" }]),
  ];
}

/** A second of calls. */
interface Round {
  /** Calls a second. */
  readonly rate: number;
  /** Of a load from the third-level cache, just after. */
  readonly loadNs: number;
}

/** Looks at every second by itself. */
class Rounds {
  readonly #probe = new CacheProbe();
  #all: Round[] = [];
  #sinceMs = 0;
  #countBefore = 0;

  /** Those that are over. */
  get all(): readonly Round[] {
    return this.#all;
  }

  begin(nowMs: number): void {
    this.#all = [];
    this.#sinceMs = nowMs;
    this.#countBefore = 0;
  }

  /** So many calls are over since the beginning. */
  tell(nowMs: number, count: number): void {
    const tookMs = nowMs - this.#sinceMs;
    if (tookMs < 1000) return;
    const rate = ((count - this.#countBefore) / tookMs) * 1000;
    this.#all.push({ rate, loadNs: this.#probe.measureNs() });
    this.#sinceMs = performance.now();
    this.#countBefore = count;
  }
}

// What waits is more than the second-level cache holds: how quick calls are depends on whom the third-level one serves besides.
function rateFacts(plan: CallsPlan, rounds: readonly Round[]): Fact[] {
  const { target: atLeast } = plan;
  const target = atLeast === undefined ? {} : { target: { atLeast } };
  const rates = Float64Array.from(rounds, ({ rate }) => rate).toSorted();
  const loads = Float64Array.from(rounds, ({ loadNs }) => loadNs).toSorted();
  const quiet = rounds.filter(({ loadNs }) => loadNs <= quantile(loads, 0.5));
  const quietRates = Float64Array.from(quiet, ({ rate }) => rate).toSorted();
  return [
    { name: nameOf(plan), value: quantile(rates, 0.5), unit: "calls/s", ...target },
    { name: "  quickest second", value: rates.at(-1) ?? 0, unit: "calls/s" },
    { name: "  slowest second", value: rates[0] ?? 0, unit: "calls/s" },
    { name: "  seconds of quicker loads", value: quantile(quietRates, 0.5), unit: "calls/s" },
    { name: "  a load from 4 MiB in these", value: quantile(loads, 0.25), unit: "ns" },
    { name: "  and in the others", value: quantile(loads, 0.75), unit: "ns" },
  ];
}

function nameOf({ driver, ends, outstanding, nodeFlags = [] }: CallsPlan): string {
  const started = nodeFlags.length === 0 ? "" : `, node ${nodeFlags.join(" ")}`;
  return `unary 128 B over ${driver}, ${outstanding} outstanding, ${ends}${started}`;
}

async function openEnds({
  driver,
  ends,
  nodeFlags,
}: CallsPlan): Promise<
  Pick<Connected, "caller" | "peer" | "close"> & Partial<Pick<Connected, "cpu">>
> {
  if (ends === "two processes") return openToProcess(driver, nodeFlags);
  const { caller, answerer, close } = await openPools(driver);
  return { caller, peer: answerer.name, close };
}

function microsecondsOf(time?: CpuTime): number {
  return time === undefined ? 0 : time.user + time.system;
}
