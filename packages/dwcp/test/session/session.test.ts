import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { expectDelivered, FAST, pattern } from "./delivery.js";
import { World } from "./world.js";

const key = new TextEncoder().encode("a key that both sides know");

describe("a session", () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 3_000_000])(
    "carries an object of %d bytes",
    (length) => {
      const world = new World(1, FAST);
      const bytes = pattern(length);
      const id = world.send(bytes);
      world.run(20_000_000, () => world.transfer(id).state === "committed");
      expectDelivered(world, id, bytes);
      expect(world.failures).toEqual([]);
      expect(world.sender?.sending.meter.inflightBytes).toBe(0);
    },
  );

  test("uses the link: no more time than it takes, and some to begin", () => {
    const world = new World(2, FAST, { tuning: {} });
    world.wantedStreams = 8;
    const bytes = pattern(20_000_000);
    const id = world.send(bytes);
    world.run(20_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.nowUs).toBeLessThan(2_500_000);
    expect(world.sender?.sending.repeats).toEqual({
      streamDied: 0,
      stalled: 0,
      refused: 0,
      hedged: expect.any(Number),
    });
  });

  test("B3: proves the pre-shared key on both sides", () => {
    const psk = { mode: "psk", key } as const;
    const world = new World(3, FAST, { security: [psk, psk] });
    const id = world.send(pattern(200_000));
    world.run(10_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, pattern(200_000));
  });

  test.each([
    ["another key", { mode: "psk", key: new Uint8Array(16) }, { mode: "psk", key }],
    ["no key at the client", { mode: "none" }, { mode: "psk", key }],
    ["no key at the server", { mode: "psk", key }, { mode: "none" }],
    ["no certificate", { mode: "mtls" }, { mode: "mtls" }],
  ] as const)("B3: does not stand with %s", (_, client, server) => {
    const world = new World(4, FAST, { security: [client, server] });
    world.send(pattern(1000));
    world.run(300_000);
    expect(world.sender).toBeUndefined();
    expect(world.committed.size).toBe(0);
    const codes = world.failures.map((news) => news.kind === "failed" && news.error.code);
    expect(codes).toContain("dwcp.auth_failed");
  });

  test("B7: a paused transfer sends nothing, and ends well when the rest arrives meanwhile", () => {
    const world = new World(21, FAST);
    const bytes = pattern(3_000_000);
    const id = world.send(bytes);
    const transfer = world.transfer(id);
    const steer = (kind: "PAUSE" | "CONTINUE") =>
      world.sender?.outgoing.steer(transfer, { kind, reason: "asked for" });
    world.run(10_000_000, () => transfer.state === "sending" && transfer.arrived.covered > 0);
    steer("PAUSE");
    world.run(1_000_000);
    const before = world.sender?.sending.wireBytes;
    world.run(2_000_000);
    expect(world.sender?.sending.wireBytes).toBe(before);
    expect(transfer.state).toBe("paused");
    steer("CONTINUE");
    // All of it is under way, nothing waits.
    const isLast = () =>
      transfer.pendingBytes + transfer.waitingBytes + transfer.encodingCount === 0;
    world.run(10_000_000, () => isLast() && transfer.nextUnit === undefined);
    steer("PAUSE");
    world.run(1_000_000);
    expect([transfer.isComplete, transfer.state]).toEqual([true, "paused"]);
    steer("CONTINUE");
    world.run(5_000_000, () => transfer.state === "committed");
    expectDelivered(world, id, bytes);
  });

  test("B9: a damaged unit is refused and repeated, its stream lives", () => {
    const world = new World(10, FAST);
    const bytes = pattern(3_000_000);
    const id = world.send(bytes);
    world.run(200_000);
    for (const wire of world.wires) wire.flipNext = true;
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.sender?.sending.repeats.refused).toBeGreaterThan(0);
    expect(world.failures).toEqual([]);
  });

  test("B8: a byte that is stored wrong is found, and its leaf repaired", () => {
    const world = new World(11, FAST);
    const bytes = pattern(1_000_000);
    const id = world.send(bytes);
    world.damageStored = true;
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.events.filter(({ kind }) => kind === "leavesAsked")).toHaveLength(1);
    expect(world.bytesSupplied).toBe(bytes.length + 65_536);
  });

  test("B6: a slow receiver holds the sender to its credit, without alarm", () => {
    const world = new World(12, FAST, { tuning: { creditBytes: 1_000_000 } });
    world.storeDelayUs = 8_000_000;
    const bytes = pattern(3_000_000);
    const id = world.send(bytes);
    let most = 0;
    world.run(
      200_000_000,
      () => world.transfer(id).state === "committed",
      () => {
        const pending = [...(world.receiver?.receiving.transfers ?? [])];
        most = Math.max(most, ...pending.map(({ pendingUnits }) => pendingUnits));
      },
    );
    expectDelivered(world, id, bytes);
    expect(world.events.some(({ kind }) => kind === "streamDied")).toBe(false);
    expect(world.sender?.sending.repeats.streamDied).toBe(0);
    expect(most).toBeLessThanOrEqual(1_000_000 / 32_768 + 1);
  });

  test("B13: two transfers share the streams, both arrive", () => {
    const world = new World(14, FAST);
    const first = world.send(pattern(3_000_000, 1));
    const second = world.send(pattern(3_000_000, 2));
    world.run(1_000_000, () => world.transfer(first).arrived.covered > 1_500_000);
    expect(world.transfer(second).arrived.covered).toBeGreaterThan(1_000_000);
    const states = () => [first, second].map((id) => world.transfer(id).state);
    world.run(30_000_000, () => states().every((state) => state === "committed"));
    expectDelivered(world, first, pattern(3_000_000, 1));
    expectDelivered(world, second, pattern(3_000_000, 2));
  });

  test("random weather, kills and damage never lose or change a byte", () => {
    const run = fc.record({
      seed: fc.nat(),
      length: fc.integer({ min: 0, max: 1_500_000 }),
      bytesPerSecond: fc.integer({ min: 2_000_000, max: 40_000_000 }),
      oneWayUs: fc.integer({ min: 500, max: 80_000 }),
      streams: fc.integer({ min: 1, max: 12 }),
      trouble: fc.double({ min: 0, max: 0.02, noNaN: true }),
    });
    fc.assert(
      fc.property(run, ({ seed, length, bytesPerSecond, oneWayUs, streams, trouble }) => {
        const world = new World(seed, { bytesPerSecond, oneWayUs });
        world.wantedStreams = streams;
        world.storeDelayUs = 30_000;
        const bytes = pattern(length, seed);
        const id = world.send(bytes);
        world.run(
          120_000_000,
          () => world.transfer(id).state === "committed",
          () => {
            // After a while the weather clears, so that every run can end.
            if (world.nowUs > 8_000_000 || world.chance() > trouble) return;
            const what = world.chance();
            if (what < 0.4) world.breakStreams(1);
            else if (what < 0.5) world.breakStreams();
            else if (what < 0.55) world.restartReceiver();
            else for (const wire of world.wires) wire.flipNext ||= world.chance() < 0.3;
          },
        );
        expectDelivered(world, id, bytes);
      }),
      fuzzRuns(25),
    );
  });
});
