import { describe, expect, test } from "@jest/globals";
import { expectDelivered, FAST, pattern } from "./delivery.js";
import { World } from "./world.js";

describe("a session from which nothing is heard", () => {
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
});
