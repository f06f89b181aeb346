import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { type Faults, World } from "@proj/dcquic-core/sim";

const MESSAGES = 200;
const WARM_US = 20_000;

interface Outcome {
  /** How many arrived. */
  readonly delivered: number;
  /** When the last one did, from when they were announced; µs. */
  readonly tookUs: number;
  /** How many announcements were sent again. */
  readonly repeated: number;
}

// One host announces small messages, all at once, to a peer whose round trip it knows.
function announceAll(faults: Faults): Outcome {
  let delivered = 0;
  let latestUs = 0;
  const world: World = new World({
    seed: 11,
    hosts: 2,
    crypto: nullCrypto,
    faults,
    onEvent: (host, event) => {
      if (event.kind === "transferOffered") host.engine.accept(host.nowUs, event.transfer);
      if (event.kind !== "transferDelivered") return;
      host.engine.consume(event.transfer);
      delivered += 1;
      latestUs = world.nowUs;
    },
  });
  const path = world.connect(0, 1);
  const announce = (): void => {
    const host = world.host(0);
    const payload = new Uint8Array(8);
    host.engine.announce(host.nowUs, path, { shape: 0x30, priority: 3, messageSeq: 0, payload });
    host.pump();
  };
  for (let atUs = 1000; atUs < WARM_US; atUs += 100) world.schedule(atUs, announce);
  world.run(WARM_US);
  const repeated = (): number => {
    const { announcementsRepeatedFast, announcementsRepeatedTimer } = world.host(0).engine.counters;
    return announcementsRepeatedFast + announcementsRepeatedTimer;
  };
  const before = repeated();
  delivered = 0;
  for (let i = 0; i < MESSAGES; i++) announce();
  world.run(WARM_US + 1_000_000);
  return {
    delivered,
    tookUs: latestUs - WARM_US,
    repeated: repeated() - before,
  };
}

describe("§13: a peer of whom nothing is heard is asked again by its latest announcement alone", () => {
  test("who only stood still for a while answers everything by itself", () => {
    const pauses = [{ host: 1, fromUs: WARM_US, untilUs: WARM_US + 20_000 }];
    const { delivered, repeated, tookUs } = announceAll({ pauses });
    expect(delivered).toBe(MESSAGES);
    expect(repeated).toBeLessThan(10);
    expect(tookUs).toBeLessThan(21_000);
  });

  test("what was lost is sent again once the latest is answered", () => {
    const partitions = [{ from: 0, to: 1, fromUs: WARM_US, untilUs: WARM_US + 40 }];
    const { delivered, repeated, tookUs } = announceAll({ partitions });
    expect(delivered).toBe(MESSAGES);
    expect(repeated).toBeGreaterThanOrEqual(MESSAGES);
    expect(repeated).toBeLessThan(MESSAGES + 10);
    expect(tookUs).toBeLessThan(250);
  });
});
