import { describe, expect, test } from "@jest/globals";
import { LeakyBucket } from "#src/sched/leaky-bucket.js";
import { PriorityQueue, PriorityScheduler } from "#src/sched/priority-queue.js";
import { PullScheduler } from "#src/sched/pull-scheduler.js";

describe("§3 row 5, priority queue: levels", () => {
  test("has eight first-in-first-out levels with a bitmap and a limit", () => {
    const queue = new PriorityQueue(20);
    for (let i = 0; i < 20; i++) expect(queue.push(3, i)).toBe(true);
    expect(queue.push(3, 99)).toBe(false);
    queue.push(0, 100);
    expect(queue.occupied).toBe(0b1001);
    expect(queue.shift(0)).toBe(100);
    expect(Array.from({ length: 20 }, () => queue.shift(3))).toEqual([...Array(20).keys()]);
    expect(queue.occupied).toBe(0);
    expect(queue.shift(3)).toBe(-1);
  });

  test("keeps order when a ring that wrapped grows", () => {
    const queue = new PriorityQueue();
    for (let i = 0; i < 12; i++) queue.push(1, i);
    for (let i = 0; i < 10; i++) queue.shift(1);
    for (let i = 12; i < 40; i++) queue.push(1, i);
    expect(Array.from({ length: 30 }, () => queue.shift(1))).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 10),
    );
  });
});

describe("§4.1: between levels", () => {
  function serve(reserve: number, occupied: number, rounds: number): number[] {
    const scheduler = new PriorityScheduler({ starvationReserve: reserve, batchBytes: 1000 });
    const served = Array.from({ length: 8 }, () => 0);
    for (let i = 0; i < rounds; i++) {
      const level = scheduler.select(occupied);
      served[level] = (served[level] ?? 0) + 1000;
      scheduler.charge(level, 1000, occupied);
    }
    return served;
  }

  test("strict order without a reserve", () => {
    expect(serve(0, 0b101, 100)[2]).toBe(0);
  });

  test("lower levels get their sixteenth, shared by weight", () => {
    const served = serve(1 / 16, 0b10000111, 17_000);
    const [zero = 0, one = 0, two = 0] = served;
    const lowest = served[7] ?? 0;
    expect((one + two + lowest) / zero).toBeCloseTo(1 / 16, 2);
    expect(one / two).toBeCloseTo(2, 0);
    expect(lowest).toBeGreaterThan(0);
    expect(lowest).toBeLessThan(two);
  });
});

describe("§12: the leaky bucket", () => {
  test("idle time earns nothing", () => {
    const bucket = new LeakyBucket(1e6);
    bucket.take(0, 100);
    expect(bucket.isFree(99)).toBe(false);
    bucket.take(1000, 100);
    expect(bucket.isFree(1000)).toBe(false);
    expect(bucket.nextFreeUs).toBe(1100);
  });
});

describe("§12: the pull scheduler", () => {
  const options = {
    rxBytesPerSecond: 1e9,
    rxUtilisation: 0.95,
    quantumBytes: 65_536,
    windowFactor: 1.25,
    overcommit: 8,
    slackUs: 0,
  };

  // 49 chunks of 1320 bytes.
  const QUANTUM = 64_680;
  const wish = { bytes: 1e9, datagramBytes: 1400, isAlone: false };

  test("a pull that goes on is one of whole datagrams, one that ends takes what is left", () => {
    const scheduler = new PullScheduler(options);
    const sender = scheduler.addSender();
    const asked = (bytes: number, datagramBytes = 1400): number =>
      scheduler.allowance(0, sender, 1000, { bytes, datagramBytes, isAlone: false });
    expect(asked(65_537)).toBe(QUANTUM);
    expect(asked(65_537, 8900)).toBe(7 * 8816);
    expect(asked(65_536)).toBe(65_536);
    expect(asked(65_536, 8900)).toBe(65_536);
    expect(asked(1)).toBe(1);
  });

  test("half a pull is one of whole datagrams, too", () => {
    const scheduler = new PullScheduler({ ...options, rxBytesPerSecond: 1e3 });
    const sender = scheduler.addSender();
    scheduler.pulled(-1e9, sender, 120_000, 1400);
    expect(scheduler.allowance(0, sender, 1, wish)).toBe(24 * 1320);
    expect(scheduler.allowance(0, sender, 1, { ...wish, datagramBytes: 8900 })).toBe(3 * 8816);
  });

  test("who is alone asks at once for what would be asked for one after the other, four quanta at most", () => {
    const alone = { ...wish, isAlone: true };
    const asked = (slackUs: number, bytes = 1e9, rxBytesPerSecond = 1e9): number => {
      const scheduler = new PullScheduler({ ...options, slackUs, rxBytesPerSecond });
      return scheduler.allowance(0, scheduler.addSender(), 1000, { ...alone, bytes });
    };
    expect(asked(0)).toBe(2 * QUANTUM);
    expect(asked(100)).toBe(3 * QUANTUM);
    expect(asked(1e6)).toBe(4 * QUANTUM);
    expect(asked(1e6, 200_000)).toBe(200_000);
    expect(asked(1e6, 70_000)).toBe(70_000);
    // The window of two quanta and a half.
    expect(asked(1e9, 1e9, 1e3)).toBe(2 * QUANTUM);
  });

  test("the window is 1.25 × bandwidth × (SRTT + two quanta), at least two quanta", () => {
    const scheduler = new PullScheduler(options);
    expect(scheduler.windowBytes(1000)).toBeCloseTo(1.25 * (1e6 + 131_072), -1);
    expect(new PullScheduler({ ...options, rxBytesPerSecond: 1e3 }).windowBytes(1)).toBe(
      163_840.00125,
    );
  });

  test("what is asked for fills the link with its headers, not beyond them", () => {
    const spacingUs = (datagramBytes: number): number => {
      const scheduler = new PullScheduler(options);
      scheduler.pulled(0, scheduler.addSender(), 65_536, datagramBytes);
      const { nextFreeUs } = scheduler;
      scheduler.pulled(0, scheduler.addSender(), 65_536, datagramBytes);
      return scheduler.nextFreeUs - nextFreeUs;
    };
    // 50 datagrams of 1320 bytes with 80 bytes each around them, at 950 bytes a microsecond.
    expect(spacingUs(1400)).toBeCloseTo((65_536 + 50 * 80) / 950, 6);
    expect(spacingUs(8900)).toBeCloseTo((65_536 + 8 * 80) / 950, 6);
  });

  test("one sender cannot hold the whole window while others want something", () => {
    const scheduler = new PullScheduler(options);
    const senders = Array.from({ length: 8 }, () => scheduler.addSender());
    for (const sender of senders) scheduler.want(sender, 1);
    const first = senders[0];
    if (first === undefined) throw new Error("no sender");
    let now = 0;
    let granted = 0;
    for (; granted < 100; granted++) {
      const bytes = scheduler.allowance(now, first, 1000, wish);
      if (bytes === 0) break;
      scheduler.pulled(now, first, bytes, 1400);
      now = Math.max(now, Math.ceil(scheduler.nextFreeUs));
    }
    expect(granted * QUANTUM).toBeLessThanOrEqual(scheduler.windowBytes(1000) / 8 + 65_536);
    expect(scheduler.allowance(now, senders[1] ?? first, 1000, wish)).toBe(QUANTUM);
  });

  test("marks shrink the window once a round trip, a clean round trip gives a quantum back", () => {
    const scheduler = new PullScheduler(options);
    const before = scheduler.windowBytes(1000);
    scheduler.packets(0, 1, 1, 1000);
    const marked = scheduler.windowBytes(1000);
    expect(marked).toBeCloseTo(0.8 * before, 0);
    scheduler.packets(500, 1, 1, 1000);
    expect(scheduler.windowBytes(1000)).toBe(marked);
    for (let i = 0; i < 100; i++) scheduler.packets(900, 1, 0, 1000);
    scheduler.packets(2000, 1, 0, 1000);
    scheduler.packets(3000, 1, 0, 1000);
    expect(scheduler.windowBytes(1000)).toBe(marked + 65_536);
  });
});
