import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { sha256, World } from "./world.js";

const FAST = { bytesPerSecond: 25_000_000, oneWayUs: 20_000 };
const key = new TextEncoder().encode("a key that both sides know");

// Looked up once: in a test each lookup of a global is slow.
const { imul } = Math;

function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function expectDelivered(world: World, transferId: string, bytes: Uint8Array): void {
  const arrived = world.committed.get(transferId);
  expect(arrived).toBeDefined();
  expect(sha256(arrived ?? new Uint8Array(0))).toBe(sha256(bytes));
  expect(world.transfer(transferId).state).toBe("committed");
}

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

  test("B9: goes on when streams break, and repeats only what was on them", () => {
    const world = new World(5, FAST);
    world.wantedStreams = 8;
    const bytes = pattern(10_000_000);
    const id = world.send(bytes);
    let next = 300_000;
    world.run(
      30_000_000,
      () => world.transfer(id).state === "committed",
      () => {
        if (world.nowUs < next) return;
        next += 200_000;
        world.breakStreams(1);
      },
    );
    expectDelivered(world, id, bytes);
    expect(world.sender?.sending.repeats.streamDied).toBeGreaterThan(0);
    expect(world.bytesSupplied).toBe(bytes.length);
  });

  test("B9: does not send again what a stream had brought when it broke", () => {
    const world = new World(31, FAST);
    world.wantedStreams = 8;
    const bytes = pattern(10_000_000);
    const id = world.send(bytes);
    let next = 300_000;
    world.run(
      30_000_000,
      () => world.transfer(id).state === "committed",
      () => {
        if (world.nowUs < next) return;
        next += 200_000;
        world.breakStreams(1);
      },
    );
    expectDelivered(world, id, bytes);
    const arrivals = world.events.flatMap((event) =>
      event.kind === "unitArrived" ? [event.chunk.rawOffset] : [],
    );
    const { streamDied = 0, hedged = 0 } = world.sender?.sending.repeats ?? {};
    expect(streamDied).toBeGreaterThan(0);
    expect(arrivals.length - new Set(arrivals).size).toBeLessThanOrEqual(hedged);
  });

  test("B9: survives the death of all streams within its time to live", () => {
    const world = new World(6, FAST);
    const bytes = pattern(5_000_000);
    const id = world.send(bytes);
    world.run(150_000);
    world.breakStreams();
    world.refuseConnections = true;
    world.run(3_000_000);
    expect(world.sender?.isLost).toBe(true);
    world.refuseConnections = false;
    const session = world.sender;
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.sender).toBe(session);
    const kinds = world.events.map(({ kind }) => kind);
    expect(kinds).toContain("lost");
    expect(kinds).toContain("recovered");
  });

  test("B7: is over when no stream came back, and its transfer goes on in another session", () => {
    const world = new World(7, FAST);
    const bytes = pattern(5_000_000);
    const id = world.send(bytes);
    world.run(150_000);
    const session = world.sender;
    world.breakStreams();
    world.refuseConnections = true;
    world.run(21_000_000);
    expect(session?.isClosed).toBe(true);
    expect(world.transfer(id).state).toBe("planned");
    world.refuseConnections = false;
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.sender).not.toBe(session);
  });

  test("B9: finishes after the receiver was killed, with what was durable before", () => {
    const world = new World(8, FAST);
    const bytes = pattern(6_000_000);
    const id = world.send(bytes);
    world.run(300_000);
    world.restartReceiver();
    const before = world.bytesSupplied;
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.bytesSupplied - before).toBeLessThan(bytes.length);
  });

  test("B9: notices a black hole long before TCP would", () => {
    const world = new World(9, FAST);
    const bytes = pattern(5_000_000);
    const id = world.send(bytes);
    world.run(200_000);
    for (const wire of world.wires) wire.isHole = true;
    world.run(40_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.nowUs).toBeLessThan(20_000_000);
  });

  test("B13: the word that units are durable says nothing of the round trip, whenever it comes", () => {
    const world = new World(31, FAST);
    world.run(5_000_000);
    world.storeDelayUs = 60_000_000;
    const id = world.send(pattern(1_000_000));
    world.run(300_000);
    const [transfer] = world.receiver?.receiving.transfers ?? [];
    expect(transfer?.pendingUnits).toBeGreaterThanOrEqual(8);
    world.receiver?.receiving.durable(transfer?.handle ?? 0, [0, 1, 2, 3]);
    world.run(100_000);
    expect(world.transfer(id).arrived.covered).toBeGreaterThan(0);
    expect(world.sender?.sending.rate.smoothedRttUs).toBeLessThan(1_000_000);
  });

  test.each([
    ["that swallows an offer", () => true, 9_000_000],
    [
      "that swallows the first units",
      (world: World, id: string) => world.transfer(id).state === "sending",
      3_000_000,
    ],
  ])("B9: judges a first stream %s by what its opening waited for", (_, isThere, untilUs) => {
    const world = new World(29, FAST);
    world.wantedStreams = 1;
    const bytes = pattern(1_000_000);
    const id = world.send(bytes);
    world.run(1_000_000, () => world.sender !== undefined && isThere(world, id));
    for (const wire of world.wires) wire.isHole = true;
    world.run(60_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.nowUs).toBeLessThan(untilUs);
  });

  test("B9: has more patience with each first stream that a slow path had it give up", () => {
    // A unit takes 8 s, a stream is given up after 6 s.
    const world = new World(30, { bytesPerSecond: 4_096, oneWayUs: 20_000 });
    world.wantedStreams = 1;
    const bytes = pattern(40_000);
    const id = world.send(bytes);
    world.run(120_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
  });

  test.each([
    ["shorter than a stall", 1_300_000, 3_000_000],
    ["longer than a stall", 3_000_000, 6_000_000],
  ])(
    "B9: after an outage %s, streams that wait for themselves are replaced",
    (_, forUs, heldUs) => {
      const world = new World(25, FAST);
      const bytes = pattern(30_000_000);
      const id = world.send(bytes);
      world.run(500_000);
      const before = [...(world.sender?.streams.all ?? [])].map(({ index }) => index);
      expect(before.length).toBeGreaterThanOrEqual(4);
      world.interrupt(forUs, heldUs);
      world.run(1_200_000);
      expect(world.sender?.path).toBe("silent");
      world.run(forUs - 1_201_000);
      const covered = world.transfer(id).arrived.covered;
      world.run(1_000_000);
      // Long before the old connections would have tried again.
      expect(world.transfer(id).arrived.covered).toBeGreaterThan(covered + 500_000);
      const after = [...(world.sender?.streams.all ?? [])].map(({ index }) => index);
      expect(after.length).toBeGreaterThanOrEqual(4);
      expect(after.filter((index) => before.includes(index))).toEqual([]);
      world.run(30_000_000, () => world.transfer(id).state === "committed");
      expectDelivered(world, id, bytes);
      expect(world.events.filter(({ kind }) => kind === "lost")).toEqual([]);
    },
  );

  test("B9: while nothing comes through, streams get no units that would only lie there", () => {
    const world = new World(28, FAST, { tuning: { pacing: "off" } });
    world.send(pattern(30_000_000));
    world.run(500_000);
    world.interrupt(3_000_000, 6_000_000);
    const session = world.sender;
    const drained = () =>
      [...(session?.streams.all ?? [])].map(({ index }) => {
        while ((session?.streams.get(index)?.controlFrames ?? 0) > 0) {
          session?.transmit(world.nowUs, index, 0);
        }
        return session?.transmit(world.nowUs, index, 0);
      });
    expect(drained()).not.toContain(undefined);
    world.run(1_200_000);
    expect(session?.path).toBe("silent");
    expect(new Set(drained())).toEqual(new Set([undefined]));
  });

  test("B9: streams that are heard again at once after an outage stay", () => {
    const world = new World(26, { bytesPerSecond: 2_500_000, oneWayUs: 50_000 });
    const bytes = pattern(8_000_000);
    const id = world.send(bytes);
    world.run(2_000_000);
    world.interrupt(1_500_000, 1_500_000);
    world.run(30_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    const kinds = world.events.map(({ kind }) => kind);
    expect(kinds).toContain("pathSilent");
    expect(kinds).toContain("pathBack");
    expect(kinds).not.toContain("streamDied");
  });

  test("B9: a receiver that only stores slowly is not taken for a silent path", () => {
    const world = new World(27, FAST, { tuning: { creditBytes: 500_000 } });
    const bytes = pattern(1_500_000);
    const id = world.send(bytes);
    world.run(100_000);
    world.storeDelayUs = 3_000_000;
    world.run(60_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    expect(world.events.map(({ kind }) => kind)).not.toContain("pathSilent");
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

  test("C5, B13: all streams together keep to the configured rate, within 5 % in each second", () => {
    const world = new World(13, FAST, { tuning: { rateLimit: 2_000_000 } });
    world.wantedStreams = 16;
    const id = world.send(pattern(8_000_000));
    const perSecond: number[] = [];
    let before = 0;
    for (let second = 0; second < 4; second++) {
      world.run(1_000_000, () => world.transfer(id).state === "committed");
      const wireBytes = world.sender?.sending.wireBytes ?? 0;
      perSecond.push(wireBytes - before);
      before = wireBytes;
    }
    for (const bytes of perSecond.slice(1, 3)) {
      expect(bytes).toBeGreaterThan(0.95 * 2_000_000);
      expect(bytes).toBeLessThan(1.05 * 2_000_000 + 10_000);
    }
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

  test.each([
    ["the same", {}, {}, 0.5],
    ["three times as much at priority 2", {}, { priority: 2 }, 0.75],
    ["the share that it is guaranteed", { priority: 18 }, { minShare: 0.3 }, 0.3],
  ])("B13: while both have something to send, the second of two gets %s", (_what, a, b, share) => {
    const world = new World(19, FAST);
    const first = world.send(pattern(12_000_000, 1), a);
    const second = world.send(pattern(12_000_000, 2), b);
    const arrivedOf = (id: string) => world.transfer(id).arrived.covered;
    world.run(10_000_000, () => arrivedOf(first) + arrivedOf(second) > 10_000_000);
    const part = arrivedOf(second) / (arrivedOf(first) + arrivedOf(second));
    expect(Math.abs(part - share)).toBeLessThan(0.08);
  });

  test("B13: what a slow stream has at the end goes over idle ones as well, once each", () => {
    const world = new World(20, FAST);
    const bytes = pattern(6_000_000);
    const id = world.send(bytes);
    world.run(20_000_000, () => world.transfer(id).arrived.covered > 1_000_000);
    const slow = world.wires.at(-1);
    if (slow === undefined) throw new Error("there are streams");
    slow.slowness = 100;
    let copies = 0;
    const watch = () => {
      for (const { unit } of world.transfer(id).flyingUnits) copies = Math.max(copies, unit.flying);
    };
    world.run(20_000_000, () => world.transfer(id).state === "committed", watch);
    expectDelivered(world, id, bytes);
    const { repeats } = world.sender?.sending ?? {};
    expect(repeats).toMatchObject({ streamDied: 0, stalled: 0 });
    expect(repeats?.hedged).toBeGreaterThan(0);
    // One beside the first, never more.
    expect(copies).toBe(2);
    // The slow stream alone takes until 1.2 s for what it has.
    expect(world.nowUs).toBeLessThan(900_000);
  });

  test("B13: a stream that the receiver needs for others is drained: no unit of it is sent again", () => {
    const world = new World(3, FAST);
    world.storeDelayUs = 5_000;
    const bytes = pattern(6_000_000);
    const id = world.send(bytes);
    const isUnderWay = (): boolean => world.nowUs > 300_000;
    world.run(20_000_000, isUnderWay);
    expect(world.transfer(id).state).toBe("sending");
    const before = world.sender?.streams.size ?? 0;
    world.refuseConnections = true;
    for (const index of [2, 3]) world.receiver?.streams.askToLeave(world.nowUs, index);
    world.run(20_000_000, () => world.transfer(id).state === "committed");
    expectDelivered(world, id, bytes);
    const unwanted = world.events.filter(({ kind }) => kind === "streamUnwanted");
    expect(unwanted.map((event) => "streamIndex" in event && event.streamIndex)).toEqual([2, 3]);
    expect(world.sender?.streams.size).toBe(before - 2);
    expect(world.receiver?.streams.size).toBe(before - 2);
    expect(world.events.filter(({ kind }) => kind === "streamDied")).toEqual([]);
    const { repeats } = world.sender?.sending ?? {};
    expect(repeats).toMatchObject({ streamDied: 0, stalled: 0, refused: 0 });
  });

  test("B13: a peer that keeps a stream it was asked to close loses it after ten seconds", () => {
    const world = new World(4, FAST);
    world.ignoresRequests = true;
    const bytes = pattern(100_000);
    const id = world.send(bytes);
    world.run(2_000_000);
    expect(world.transfer(id).state).toBe("committed");
    const before = world.receiver?.streams.size ?? 0;
    world.refuseConnections = true;
    world.receiver?.streams.askToLeave(world.nowUs, 1);
    world.run(9_900_000);
    expect(world.receiver?.streams.get(1)).toBeDefined();
    world.run(200_000);
    expect(world.receiver?.streams.get(1)).toBeUndefined();
    expect(world.events).toContainEqual({
      kind: "streamDied",
      streamIndex: 1,
      error: expect.objectContaining({ code: "dwcp.stream_limit" }),
    });
    expect(world.receiver?.streams.size).toBe(before - 1);
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
