import { describe, expect, test } from "@jest/globals";
import { expectDelivered, FAST, pattern } from "./delivery.js";
import { World } from "./world.js";

/** Delivers `bytes` over eight streams, of which one breaks every 200 ms. */
function deliverWhileBreaking(seed: number, bytes: Uint8Array): World {
  const world = new World(seed, FAST);
  world.wantedStreams = 8;
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
  return world;
}

describe("a session whose streams break", () => {
  test("B9: goes on when streams break, and repeats only what was on them", () => {
    const bytes = pattern(10_000_000);
    const world = deliverWhileBreaking(5, bytes);
    expect(world.sender?.sending.repeats.streamDied).toBeGreaterThan(0);
    expect(world.bytesSupplied).toBe(bytes.length);
  });

  test("B9: does not send again what a stream had brought when it broke", () => {
    const world = deliverWhileBreaking(31, pattern(10_000_000));
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
});
