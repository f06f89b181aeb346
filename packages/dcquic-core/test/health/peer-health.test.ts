import { describe, expect, test } from "@jest/globals";
import { AwakeTime } from "#src/health/awake-time.js";
import { PeerHealth } from "#src/health/peer-health.js";

const SECOND = 1_000_000;
const PTO = 10_000;

function degraded(): PeerHealth {
  const health = new PeerHealth(0, new AwakeTime(0, 1000));
  for (let i = 0; i < 20; i++) health.sample(i, 1);
  return health;
}

function probing(): PeerHealth {
  const health = new PeerHealth(0, new AwakeTime(0, 1000));
  health.tick(7 * PTO, PTO, 0);
  return health;
}

function failed(): PeerHealth {
  const health = probing();
  for (let i = 0; i < 6; i++) health.probeSent();
  health.tick(4 * SECOND, PTO, 0);
  return health;
}

describe("§3 row 12, peer health, §14: the state machine", () => {
  test("healthy becomes degraded by failures, once there are 20 samples", () => {
    const health = new PeerHealth(0, new AwakeTime(0, 1000));
    for (let i = 0; i < 19; i++) health.sample(i, 1);
    expect(health.state).toBe("healthy");
    health.sample(20, 1);
    expect(health.state).toBe("degraded");
  });

  test("degraded becomes healthy by new successes", () => {
    const health = degraded();
    for (let i = 0; i < 100; i++) health.sample(SECOND + i, 0);
    expect(health.state).toBe("healthy");
  });

  test("degraded that goes on failing becomes probing after 5 s", () => {
    const health = degraded();
    health.heard(5 * SECOND);
    health.tick(5 * SECOND - 100, PTO, 0);
    expect(health.state).toBe("degraded");
    health.tick(5 * SECOND + 100, PTO, 0);
    expect(health.state).toBe("probing");
  });

  test("three PTOs of silence make it probing, if an answer is owed", () => {
    const health = new PeerHealth(0, new AwakeTime(0, 1000));
    health.tick(10 * SECOND, PTO, Infinity);
    expect(health.state).toBe("healthy");
    expect(probing().state).toBe("probing");
  });

  test("three answers lead from probing to degraded", () => {
    const health = probing();
    for (let i = 0; i < 3; i++) health.probeAnswered(4 * PTO + i);
    expect(health.state).toBe("degraded");
  });

  test("3 s of silence and six probes lead to failed", () => {
    expect(failed().state).toBe("failed");
  });

  test("a peer that is heard and answers none of six probes in 3 s fails: nothing reaches it", () => {
    const health = probing();
    for (let i = 0; i < 6; i++) health.probeSent();
    health.probeAnswered(SECOND);
    for (let i = 0; i < 6; i++) health.probeSent();
    for (let i = 0; i < 38; i++) health.heard((1 + i / 10) * SECOND);
    health.tick(3.9 * SECOND, PTO, 0);
    expect(health.state).toBe("probing");
    health.tick(4.1 * SECOND, PTO, 0);
    expect(health.state).toBe("failed");
  });

  describe("a peer that is heard and hears nothing", () => {
    const IDLE = SECOND / 4;
    const asked = (): PeerHealth => {
      const health = new PeerHealth(0, new AwakeTime(0, 1000));
      health.asked(0);
      for (let i = 0; i < 3; i++) health.probeSent();
      health.heard(3 * IDLE);
      return health;
    };

    test("is deaf once three PROBEs, and whatever else demanded an answer, had none for three times as long as peers are idle", () => {
      const health = asked();
      health.asked(2 * IDLE);
      expect(health.isDeaf(3 * IDLE - 1, IDLE)).toBe(false);
      expect(health.isDeaf(3 * IDLE, IDLE)).toBe(true);
      const unasked = new PeerHealth(0, new AwakeTime(0, 1000));
      for (let i = 0; i < 3; i++) unasked.probeSent();
      expect(unasked.isDeaf(SECOND, IDLE)).toBe(false);
      const unprobed = new PeerHealth(0, new AwakeTime(0, 1000));
      unprobed.asked(0);
      expect(unprobed.isDeaf(SECOND, IDLE)).toBe(false);
    });

    test("is not deaf if it acknowledged anything meanwhile, or the engine did not run", () => {
      const acknowledging = asked();
      acknowledging.acknowledged(IDLE, 0);
      acknowledging.asked(IDLE);
      expect(acknowledging.isDeaf(9 * IDLE, IDLE)).toBe(false);
      const awake = new AwakeTime(0, 1000);
      const health = new PeerHealth(0, awake);
      health.asked(0);
      for (let i = 0; i < 3; i++) health.probeSent();
      awake.runs(SECOND, () => SECOND / 2);
      expect(health.isDeaf(SECOND, IDLE)).toBe(false);
      expect(health.ignoredUs(SECOND)).toBe(SECOND / 2);
    });
  });

  test("what was sent in probing and is acknowledged answers like a PROBE; what was sent before does not", () => {
    const health = probing();
    for (let i = 0; i < 3; i++) health.acknowledged(8 * PTO, 7 * PTO - 1);
    expect(health.state).toBe("probing");
    for (let i = 0; i < 3; i++) health.acknowledged(8 * PTO, 7 * PTO);
    expect(health.state).toBe("degraded");
  });

  test("§18: a peer is doubted where the way to it changed, unless it is believed dead", () => {
    const health = new PeerHealth(0, new AwakeTime(0, 1000));
    health.doubt(SECOND);
    expect(health.state).toBe("probing");
    expect(health.unansweredUs(1.5 * SECOND)).toBe(SECOND / 2);
    health.probeAnswered(1.6 * SECOND);
    expect(health.unansweredUs(2 * SECOND)).toBeCloseTo(0.4 * SECOND);
    const dead = failed();
    dead.doubt(5 * SECOND);
    expect(dead.state).toBe("failed");
  });

  test("one answer verifies a failed peer, five over a second restore it", () => {
    const health = failed();
    health.probeAnswered(5 * SECOND);
    expect(health.state).toBe("probing");
    for (let i = 0; i < 5; i++) health.probeAnswered(5 * SECOND + i);
    expect(health.state).toBe("probing");
    health.probeAnswered(6.1 * SECOND);
    expect(health.state).toBe("degraded");
  });

  test("D-9: ICMP about a peer that was just heard only makes it probing", () => {
    const health = new PeerHealth(0, new AwakeTime(0, 1000));
    health.heard(SECOND);
    health.icmp(SECOND + 100, "unreachable", 50, "verify");
    expect(health.state).toBe("probing");
    const silent = new PeerHealth(0, new AwakeTime(0, 1000));
    silent.icmp(SECOND, "unreachable", 50, "verify");
    expect(silent.state).toBe("failed");
    const strict = new PeerHealth(0, new AwakeTime(0, 1000));
    strict.icmp(0, "unreachable", 50, "immediate");
    expect(strict.state).toBe("failed");
    const reachable = new PeerHealth(0, new AwakeTime(0, 1000));
    reachable.icmp(SECOND, "unreachable", 50, "elsewhere");
    expect(reachable.state).toBe("probing");
  });

  test("probes are spread by a fifth", () => {
    const health = failed();
    expect(health.probeIntervalUs(50, 250_000, 0)).toBeCloseTo(0.8 * SECOND);
    expect(health.probeIntervalUs(50, 250_000, 1)).toBeCloseTo(1.2 * SECOND);
  });
});
