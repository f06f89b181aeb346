import { describe, expect, test } from "@jest/globals";
import { expectDelivered, FAST, pattern } from "./delivery.js";
import { World } from "./world.js";

describe("the streams of a session", () => {
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
});
