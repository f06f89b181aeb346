import { describe, expect, test } from "@jest/globals";
import { Claim, type Image, OfferResult } from "@proj/aeron";
import { codeOf, IPC, pair, read, text } from "../support/exchange.js";
import { World } from "../support/world.js";

describe("closing", () => {
  test("§13.9: a publication's last messages are read before its image goes", async () => {
    const world = new World();
    const gone: Image[] = [];
    const client = world.client();
    const subscription = await world.done(
      client.addSubscription(IPC, 10, { unavailable: (image) => gone.push(image) }),
    );
    const publication = await world.done(client.addPublication(IPC, 10));
    world.settle();
    publication.offer(text("last words"));
    publication.close();
    expect(publication.offer(text("too late"))).toBe(OfferResult.closed);
    world.pass(2_000);
    expect(gone).toEqual([]);
    expect(read(subscription)).toEqual(["last words"]);
    expect(subscription.images[0]?.isEndOfStream).toBe(true);
    world.pass(2_000);
    expect(gone).toHaveLength(1);
    world.pass(8_000);
    expect(world.logs.size).toBe(0);
  });

  test("a subscription that closes leaves the writer unconnected", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    subscription.close();
    world.settle();
    expect(publication.isConnected).toBe(false);
    expect(publication.offer(text("x"))).toBe(OfferResult.notConnected);
    expect(subscription.poll(() => undefined, 1)).toBe(0);
  });

  test("what a reader has read does not come again to one that joins after it", async () => {
    const world = new World();
    const { client, subscription, publication } = await pair(world);
    publication.offer(text("old news"));
    read(subscription);
    subscription.close();
    const later = client.addSubscription(IPC, 10);
    const joined = await world.done(later);
    world.settle();
    expect(read(joined)).toEqual([]);
  });

  test("a client that leaves takes everything with it, and nobody times out", async () => {
    const world = new World();
    const { client } = await pair(world);
    const other = world.client();
    const reader = await world.done(other.addSubscription(IPC, 10));
    world.settle();
    expect(reader.isConnected).toBe(true);
    client.close();
    world.pass(3_000);
    expect(reader.isConnected).toBe(false);
    expect(world.driver.clientCount).toBe(1);
    expect(world.reasons).toEqual([undefined]);
    expect(await codeOf(client.addPublication(IPC, 1))).toBe("aeron.closed");
  });
});

describe("death", () => {
  test("§13.6: a stalled client loses everything and is told why; others go on", async () => {
    const world = new World();
    const { client: stalled } = await pair(world);
    const other = world.client();
    const reader = await world.done(other.addSubscription(IPC, 10));
    world.pass(12_000, [stalled]);
    expect(world.driver.clientCount).toBe(1);
    expect(reader.isConnected).toBe(false);
    stalled.tick(world.nowMs);
    expect(stalled.isClosed).toBe(true);
    expect(world.reasons.map((reason) => reason?.code)).toEqual(["aeron.client_timeout"]);
    expect(other.isClosed).toBe(false);
  });

  test("§13.7: a driver that dies is noticed in its timeout", async () => {
    const world = new World();
    const { client, publication, subscription } = await pair(world);
    world.pass(9_000, [world.driver]);
    expect(client.isClosed).toBe(false);
    world.pass(2_000, [world.driver]);
    expect(client.isClosed).toBe(true);
    expect(world.reasons[0]?.code).toBe("aeron.driver_timeout");
    expect(publication.offer(text("x"))).toBe(OfferResult.closed);
    expect(subscription.isClosed).toBe(true);
  });

  test("a driver that stops is noticed at once", async () => {
    const world = new World();
    const { client } = await pair(world);
    world.driver.stop();
    world.pass(600, [world.driver]);
    expect(client.isClosed).toBe(true);
    expect(world.logs.size).toBe(0);
  });

  test("a writer that died in a claim is cleared away", async () => {
    const world = new World({ unblockTimeoutMs: 3_000 });
    const { subscription, publication } = await pair(world);
    publication.offer(text("before"));
    publication.tryClaim(100, new Claim());
    publication.offer(text("after"));
    expect(read(subscription)).toEqual(["before"]);
    world.pass(6_000);
    expect(read(subscription)).toEqual(["after"]);
    expect(world.clients[0]?.counters.value(19)).toBe(1n);
  });

  test("a writer that died before it wrote anything is cleared away", async () => {
    const world = new World({ unblockTimeoutMs: 3_000 });
    const { subscription, publication } = await pair(world);
    const [log] = world.logs.values();
    if (log === undefined) throw new Error("no log");
    // What a writer does first: it moves the tail, and then it dies.
    const tails = new BigInt64Array(log.buffer, log.length - 4_096, 3);
    Atomics.add(tails, 0, 256n);
    publication.offer(text("after"));
    expect(read(subscription)).toEqual([]);
    world.pass(6_000);
    expect(read(subscription)).toEqual(["after"]);
  });

  test("a writer that died between a term's end and its rotation is cleared away", async () => {
    const world = new World({ unblockTimeoutMs: 3_000 });
    const { subscription, publication } = await pair(world);
    publication.offer(text("before"));
    const [log] = world.logs.values();
    if (log === undefined) throw new Error("no log");
    const tails = new BigInt64Array(log.buffer, log.length - 4_096, 3);
    Atomics.add(tails, 0, 65_536n);
    read(subscription);
    expect(publication.offer(text("after"))).toBe(OfferResult.backPressured);
    world.pass(9_000);
    read(subscription);
    world.pass(9_000);
    while (publication.offer(text("after")) < 0) {
      read(subscription);
      world.pass(1_000);
    }
    expect(read(subscription)).toEqual(["after"]);
  });
});

describe("refusals", () => {
  test.each([
    ["aeron:udp?endpoint=localhost:40123", "this driver serves aeron:ipc only"],
    ["aeron:ipc?term-length=100", "a power of two"],
    ["aeron:ipc?mtu=33", "a multiple of 32"],
    ["aeron:ipc?nonsense", "no key=value"],
    ["ipc", "expected aeron:ipc"],
    ["aeron:ipc?init-term-id=3", "come together"],
    ["aeron:ipc?pub-wnd=1g", "half a term"],
  ])("%s", async (channel, words) => {
    const world = new World();
    await expect(world.done(world.client().addPublication(channel, 1))).rejects.toThrow(words);
    expect(world.logs.size).toBe(0);
  });

  test("§13.8: another term length on an existing stream, which is unharmed", async () => {
    const world = new World();
    const { client, subscription, publication } = await pair(world);
    const channel = "aeron:ipc?term-length=128k";
    await expect(world.done(client.addPublication(channel, 10))).rejects.toThrow("term-length");
    publication.offer(text("unharmed"));
    expect(read(subscription)).toEqual(["unharmed"]);
  });

  test("a log for which there is no space", async () => {
    const world = new World();
    world.logSpace = 100_000;
    await expect(world.done(world.client().addPublication(IPC, 1))).rejects.toThrow(
      "no space left",
    );
  });

  test("a command that nobody answers", async () => {
    const world = new World();
    const client = world.client();
    const promise = codeOf(client.addPublication(IPC, 1));
    for (let step = 0; step < 110; step++) {
      world.nowMs += 100;
      world.cnc.toDriver.putLongRelease(65_536 + 640, BigInt(world.nowMs));
      client.tick(world.nowMs);
    }
    expect(await promise).toBe("aeron.command_timeout");
  });
});

describe("counters", () => {
  test("an application's counter is seen by all and goes with its client", async () => {
    const world = new World();
    const client = world.client();
    const counter = await world.done(client.addCounter(1_001, "frames", Uint8Array.of(1, 2, 3)));
    counter.set(5n);
    counter.add(2n);
    const other = world.client();
    const seen = [...other.counters].find(({ typeId }) => typeId === 1_001);
    expect(seen).toMatchObject({ label: "frames", value: 7n, ownerId: client.clientId });
    expect(seen?.key.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
    client.close();
    world.settle();
    expect([...other.counters].some(({ typeId }) => typeId === 1_001)).toBe(false);
    expect(counter.isClosed).toBe(true);
  });

  test("a freed counter is not used again for a second", async () => {
    const world = new World();
    const client = world.client();
    const first = await world.done(client.addCounter(1_001, "first"));
    first.close();
    world.settle();
    const second = await world.done(client.addCounter(1_001, "second"));
    expect(second.counterId).not.toBe(first.counterId);
    world.pass(1_100);
    const third = await world.done(client.addCounter(1_001, "third"));
    expect(third.counterId).toBe(first.counterId);
  });
});
