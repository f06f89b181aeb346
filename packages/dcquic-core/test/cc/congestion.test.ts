import { describe, expect, test } from "@jest/globals";
import { Bbr, type BbrPhase } from "#src/cc/bbr.js";
import { Congestion } from "#src/cc/congestion.js";
import { RttEstimator } from "#src/cc/rtt.js";
import { feedback } from "#src/wire/path-frames.js";

const timers = { initialRttUs: 1000, timerGranularityUs: 100, maxPtoUs: 2_000_000 };
const PACKET = 1400;

describe("§13: round trips and timers", () => {
  test("PTO is three round trips, within its bounds, and doubles once a PTO", () => {
    const rtt = new RttEstimator(timers);
    expect(rtt.ptoUs).toBe(3000);
    rtt.sample(10);
    expect(rtt.ptoUs).toBe(100);
    for (let i = 0; i < 5; i++) rtt.expired(1000);
    expect(rtt.backedOffPtoUs).toBe(200);
    expect(rtt.heard()).toBe(true);
    expect(rtt.backedOffPtoUs).toBe(100);
  });
});

test("§14: a path to a degraded peer sends at half the pace", () => {
  const pacedUs = (paceShare: number): number => {
    const congestion = new Congestion(PACKET, new RttEstimator(timers));
    const { bbr } = congestion;
    const counts = { deliveredPackets: 70, lostPackets: 0, markedPackets: 0, inflightBytes: 0 };
    const sample = { nowUs: 0, rttUs: 1000, deliveryRate: 1e8, appLimited: false } as const;
    bbr.sample({ ...sample, ...counts, roundEnded: true });
    congestion.paceShare = paceShare;
    expect(congestion.pacingRate).toBe(paceShare * bbr.pacingRate);
    congestion.packetSent(0, PACKET);
    return congestion.nextSendUs();
  };
  expect(pacedUs(1)).toBeGreaterThan(0);
  expect(pacedUs(0.5)).toBeCloseTo(2 * pacedUs(1), 6);
});

describe("§3 row 15, congestion control, §12: BBR", () => {
  /** A link of 100 MB/s with a round trip of 1 ms. */
  function rounds(
    bbr: Bbr,
    count: number,
    more: { lost?: number; from?: number } = {},
  ): BbrPhase[] {
    const phases: BbrPhase[] = [];
    for (let i = 0; i < count; i++) {
      bbr.sample({
        nowUs: (more.from ?? 0) + 1000 * (i + 1),
        rttUs: 1000,
        deliveryRate: Math.min(1e8, bbr.pacingRate === Infinity ? 2e7 : bbr.pacingRate),
        appLimited: false,
        deliveredPackets: 70,
        lostPackets: more.lost ?? 0,
        markedPackets: 0,
        inflightBytes: 90_000,
        roundEnded: true,
      });
      if (phases.at(-1) !== bbr.phase) phases.push(bbr.phase);
    }
    return phases;
  }

  test("finds the bandwidth, drains, and goes round its probing cycle", () => {
    const bbr = new Bbr(PACKET);
    expect(bbr.windowBytes).toBe(10 * PACKET);
    const phases = rounds(bbr, 40);
    expect(phases.slice(0, 5)).toEqual(["startup", "down", "cruise", "refill", "up"]);
    expect(bbr.bandwidth).toBeGreaterThan(0.9e8);
    expect(bbr.minRttUs).toBe(1000);
  });

  test("§12: where timers are late, what falls due meanwhile may be under way three times, and no more", () => {
    const windowAt = (slackUs: number): number => {
      const bbr = new Bbr(PACKET, slackUs);
      rounds(bbr, 40);
      return bbr.windowBytes;
    };
    const exact = windowAt(0);
    // 20 µs of 100 MB/s are less than the ten packets that are allowed anyway.
    expect(windowAt(20)).toBe(exact);
    expect(windowAt(200)).toBeCloseTo(exact - 10 * PACKET + 3 * 20_000, -3);
    // One message of the kernel is the most that is handed over at once.
    expect(windowAt(1000)).toBeCloseTo(exact - 10 * PACKET + 3 * 65_507, -3);
    expect(windowAt(10_000)).toBe(windowAt(1000));
  });

  test("§12: on a fast path as much is handed over at once as it carries in 50 µs, if timers are as late as that", () => {
    const batches = (rate: number, slackUs: number): number => {
      const windows = [0, slackUs].map((slack) => {
        const bbr = new Bbr(PACKET, slack);
        const counts = { deliveredPackets: 70, lostPackets: 0, markedPackets: 0, inflightBytes: 0 };
        const sample = { rttUs: 1000, deliveryRate: rate, appLimited: false, roundEnded: true };
        bbr.sample({ nowUs: 1000, ...sample, ...counts });
        return bbr.windowBytes;
      });
      return (windows[1] ?? 0) - (windows[0] ?? 0) + 10 * PACKET;
    };
    expect(batches(1.25e9, 1000)).toBeCloseTo(3 * 65_507, 0);
    expect(batches(2.5e9, 1000)).toBeCloseTo(3 * 125_000, 0);
    expect(batches(2.5e9, 20)).toBeCloseTo(3 * 50_000, 0);
    expect(batches(2.5e9, 0)).toBe(10 * PACKET);
  });

  test("loss above 2 % of a round caps what is in flight", () => {
    const bbr = new Bbr(PACKET);
    rounds(bbr, 20);
    const before = bbr.windowBytes;
    rounds(bbr, 1, { lost: 7, from: 20_000 });
    expect(bbr.windowBytes).toBeLessThan(before);
    expect(bbr.windowBytes).toBeGreaterThanOrEqual(4 * PACKET);
  });

  test("an app-limited sample never lowers the estimate", () => {
    const bbr = new Bbr(PACKET);
    rounds(bbr, 10);
    const { bandwidth } = bbr;
    const sample = { nowUs: 11_000, rttUs: 1000, deliveryRate: 1, appLimited: true } as const;
    const counts = { deliveredPackets: 1, lostPackets: 0, markedPackets: 0, inflightBytes: 0 };
    bbr.sample({ ...sample, ...counts, roundEnded: false });
    expect(bbr.bandwidth).toBe(bandwidth);
  });

  test("the round trip is probed every 5 s, for 200 ms", () => {
    const bbr = new Bbr(PACKET);
    rounds(bbr, 20);
    const sample = { rttUs: 1500, deliveryRate: 1e8, appLimited: false, deliveredPackets: 1 };
    const counts = { lostPackets: 0, markedPackets: 0, inflightBytes: 0, roundEnded: false };
    bbr.sample({ nowUs: 5_100_000, ...sample, ...counts });
    expect(bbr.phase).toBe("probeRtt");
    bbr.sample({ nowUs: 5_301_000, ...sample, ...counts });
    expect(bbr.phase).toBe("down");
  });

  test("§12: while the round trip is proved, half of what the path holds is under way, and where timers are late what falls due in 50 µs", () => {
    const proving = (slackUs: number): number => {
      const bbr = new Bbr(PACKET, slackUs);
      rounds(bbr, 40);
      const sample = { rttUs: 1500, deliveryRate: 1e8, appLimited: false, deliveredPackets: 1 };
      const counts = { lostPackets: 0, markedPackets: 0, inflightBytes: 0, roundEnded: false };
      bbr.sample({ nowUs: 5_100_000, ...sample, ...counts });
      expect(bbr.phase).toBe("probeRtt");
      return bbr.windowBytes;
    };
    const half = 50_000;
    expect(proving(0) / half).toBeCloseTo(1, 1);
    expect((proving(20) - proving(0)) / 2000).toBeCloseTo(1, 1);
    expect((proving(1000) - proving(0)) / 5000).toBeCloseTo(1, 1);
  });
});

describe("D-8: what feeds it", () => {
  function sending(packets: number): Congestion {
    const congestion = new Congestion(PACKET, new RttEstimator(timers));
    for (let i = 0; i < packets; i++) congestion.packetSent(10 * i, PACKET);
    return congestion;
  }

  test("a full window opens when feedback tells what arrived", () => {
    const congestion = sending(10);
    expect(congestion.nextSendUs()).toBe(Number.POSITIVE_INFINITY);
    const frame = { ...feedback(), largest: 9, packets: 10, bytes: 14_000, ect0: 10 };
    expect(congestion.feedback(500, frame)).toBe(true);
    expect(congestion.inflightBytes).toBe(0);
    expect(congestion.nextSendUs()).toBeLessThan(1000);
    expect(congestion.ecn).toBe("capable");
  });

  test("what is missing beyond reordering is lost, and counted once", () => {
    const congestion = sending(20);
    congestion.feedback(500, { ...feedback(), largest: 14, packets: 10, bytes: 1 });
    expect(congestion.lostPackets).toBe(2);
    congestion.feedback(600, { ...feedback(), largest: 19, packets: 15, bytes: 2 });
    expect(congestion.lostPackets).toBe(2);
  });

  test("what cannot be true is refused", () => {
    const congestion = sending(5);
    expect(congestion.feedback(500, { ...feedback(), largest: 5, packets: 1 })).toBe(false);
    expect(congestion.feedback(500, { ...feedback(), largest: 3, packets: 9 })).toBe(false);
  });

  test("§12: counts of marks that do not add up turn ECN off", () => {
    const congestion = sending(5);
    congestion.feedback(500, { ...feedback(), largest: 4, packets: 5, bytes: 1, ect0: 9 });
    expect(congestion.ecn).toBe("off");
  });
});
