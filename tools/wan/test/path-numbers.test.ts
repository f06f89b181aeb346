import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { describeWith, namespaces } from "@proj/peers";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openWan, type PathCounts, type Wan } from "#src/index.js";

const program = fileURLToPath(new URL("datagrams.js", import.meta.url));

// Time passes as it does: while processes wait for a processor nothing is measured, and it is measured again.
jest.retryTimes(5);

interface Flood {
  readonly count: number;
  readonly bytes?: number;
  /** Datagrams in a millisecond. */
  readonly perMs?: number;
}

/** What became of datagrams from one site to the other. */
interface Arrived {
  readonly numbers: readonly number[];
  /** How long each was under way, the shortest first. */
  readonly flightsMs: readonly number[];
  readonly counts: PathCounts;
}

describeWith("a path between two networks keeps to its numbers:", namespaces(), () => {
  let wan: Wan;
  beforeEach(async () => {
    wan = await openWan(11);
  });
  afterEach(() => wan.close());

  async function flood({ count, bytes = 100, perMs = 4 }: Flood): Promise<Arrived> {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const listening = wan.b.spawn(process.execPath, [program, "listen", "7001", "1000"], {
      stdio: [...stdio],
    });
    const lines = createInterface({ input: listening.stdout ?? process.stdin });
    const said = lines[Symbol.asyncIterator]();
    await said.next();
    const [before] = await wan.counts();
    const numbers = [count, bytes, perMs].map(String);
    wan.a.spawn(process.execPath, [program, "send", wan.b.address, "7001", ...numbers], {
      stdio: [...stdio],
    });
    const arrived = JSON.parse(String((await said.next()).value)) as [number, number][];
    const [after] = await wan.counts();
    return {
      numbers: arrived.map(([number]) => number),
      flightsMs: arrived.map(([, ms]) => ms).toSorted((a, b) => a - b),
      counts: {
        packets: after.packets - before.packets,
        bytes: after.bytes - before.bytes,
        queueDrops: after.queueDrops - before.queueDrops,
        lossDrops: after.lossDrops - before.lossDrops,
        downDrops: after.downDrops - before.downDrops,
      },
    };
  }

  test("the delay", async () => {
    wan.shapeThere({ delayMs: 40 });
    const { flightsMs } = await flood({ count: 300 });
    expect(flightsMs).toHaveLength(300);
    expect(flightsMs[0]).toBeGreaterThanOrEqual(40);
    // Half of them wait no more than processes do for their turn.
    expect(at(flightsMs, 0.5)).toBeLessThan(52);
  });

  test("the jitter, in order", async () => {
    wan.shapeThere({ delayMs: 10, jitterMs: 60 });
    // One at a time: what follows closely waits for what is late before it.
    const { flightsMs, numbers } = await flood({ count: 120, perMs: 0.012 });
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(flightsMs[0]).toBeGreaterThanOrEqual(10);
    expect(at(flightsMs, 0.1)).toBeLessThan(25);
    expect(Math.abs(at(flightsMs, 0.5) - 40)).toBeLessThan(12);
    expect(at(flightsMs, 0.9)).toBeGreaterThan(55);
    expect(at(flightsMs, 0.9)).toBeLessThan(75);
  });

  test("losses one by one", async () => {
    wan.shapeThere({ loss: 0.1 });
    const { numbers, counts } = await flood({ count: 6_000 });
    // Five standard deviations of a binomial count.
    expect(Math.abs(counts.lossDrops - 600)).toBeLessThan(5 * Math.sqrt(6_000 * 0.1 * 0.9));
    expect(Math.abs(6_000 - numbers.length - counts.lossDrops)).toBeLessThan(10);
    const runs = lostRuns(numbers);
    // Those that fall alone: 1 / (1 - 0.1) in a row on average.
    expect(Math.abs(mean(runs) - 1 / 0.9)).toBeLessThan(0.1);
  });

  test("losses in a row", async () => {
    wan.shapeThere({ burst: { enter: 0.01, leave: 0.2 } });
    const { numbers } = await flood({ count: 30_000, perMs: 8 });
    const runs = lostRuns(numbers);
    // Some 285 runs of five on average, each geometric: four standard deviations of the mean.
    expect(runs.length).toBeGreaterThan(210);
    expect(runs.length).toBeLessThan(370);
    expect(Math.abs(mean(runs) - 5)).toBeLessThan((4 * Math.sqrt(20)) / Math.sqrt(runs.length));
  });

  test("the rate, and the queue before it", async () => {
    // 128 bytes with the headers of UDP and IP below it, a packet in a millisecond.
    wan.shapeThere({ rateBitsPerSecond: 128 * 8 * 1_000, queueBytes: 128 * 50 });
    const { flightsMs, counts, numbers } = await flood({ count: 1_500, perMs: 3 });
    // Sent in half a second: as many pass meanwhile as the rate carries, and then what the queue holds.
    expect(counts.queueDrops).toBe(1_500 - numbers.length);
    expect(numbers.length).toBeGreaterThan(500);
    expect(numbers.length).toBeLessThan(700);
    // None waits for longer than a full queue takes.
    expect(at(flightsMs, 0.5)).toBeGreaterThan(40);
    expect(at(flightsMs, 0.9)).toBeLessThan(65);
  });

  test("an outage, in one direction", async () => {
    wan.shapeThere({ up: false });
    const stdio = "ignore" as const;
    const [before] = await wan.counts();
    const child = wan.a.spawn(
      process.execPath,
      [program, "send", wan.b.address, "7001", "200", "100", "4"],
      { stdio },
    );
    await new Promise((resolve) => child.once("exit", resolve));
    const [there] = await wan.counts();
    expect(there.packets).toBe(before.packets);
    expect(there.downDrops - before.downDrops).toBeGreaterThanOrEqual(200);
    wan.shapeThere({ up: true });
    expect((await flood({ count: 50 })).numbers).toHaveLength(50);
  });
});

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How many are missing between those that arrived, stretch by stretch. */
function lostRuns(numbers: readonly number[]): readonly number[] {
  return numbers.slice(1).flatMap((number, i) => {
    const gap = number - (numbers[i] ?? number) - 1;
    return gap > 0 ? [gap] : [];
  });
}
