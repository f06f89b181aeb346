import { describe, expect, test } from "@jest/globals";
import { Claim, FragmentAssembler, OfferResult } from "@proj/aeron";
import { codeOf, IPC, pair, read, text } from "../support/exchange.js";
import { World } from "../support/world.js";

describe("a message", () => {
  test("goes from a publication to a subscription", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    expect(publication.isConnected).toBe(true);
    const position = publication.offer(text("hello"));
    expect(position - publication.position()).toBe(0);
    expect(read(subscription)).toEqual(["hello"]);
    expect(subscription.images[0]?.position).toBe(position);
  });

  test("is refused until somebody subscribes", async () => {
    const world = new World();
    const client = world.client();
    const publication = await world.done(client.addPublication(IPC, 10));
    expect(publication.isConnected).toBe(false);
    expect(publication.offer(text("nobody"))).toBe(OfferResult.notConnected);
    const subscription = await world.done(client.addSubscription(IPC, 10));
    world.settle();
    expect(publication.offer(text("somebody"))).toBeGreaterThan(0);
    expect(read(subscription)).toEqual(["somebody"]);
  });

  test("§13.5: of any size around the edges of frames arrives whole", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    const max = publication.maxPayloadLength;
    for (const size of [0, 1, 31, 32, max - 1, max, max + 1, 2 * max, 2 * max + 1, 8_192]) {
      const message = "x".repeat(size);
      while (publication.offer(text(message)) < 0) world.settle();
      world.settle();
      expect(read(subscription)).toEqual([message]);
    }
    expect(() => publication.offer(new Uint8Array(8_193))).toThrow(RangeError);
  });

  test("carries 64 bits in its header", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    publication.offer(text("a"), { reservedValue: -5n });
    const values: bigint[] = [];
    subscription.poll((_term, _offset, _length, header) => values.push(header.reservedValue), 10);
    expect(values).toEqual([-5n]);
  });

  test("can be written in place, and given up", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    const claim = new Claim();
    publication.tryClaim(5, claim);
    claim.bytes.set(text("first"));
    expect(read(subscription)).toEqual([]);
    claim.commit();
    publication.tryClaim(5, claim);
    claim.abort();
    publication.offer(text("third"));
    expect(read(subscription)).toEqual(["first", "third"]);
    expect(() => claim.commit()).toThrow(RangeError);
  });
});

describe.each(["shared", "exclusive"] as const)("a long stream of a %s publication", (kind) => {
  test("is held back by its slowest reader and loses nothing over many terms", async () => {
    const world = new World();
    const client = world.client();
    const subscription = await world.done(client.addSubscription(IPC, 10));
    const publication =
      kind === "shared"
        ? await world.done(client.addPublication(IPC, 10))
        : await world.done(client.addExclusivePublication(IPC, 10));
    world.settle();
    let sent = 0;
    const seen = { received: 0 };
    let refused = 0;
    const assembler = new FragmentAssembler((term, offset, length) => {
      expect(term.view.getUint32(offset, true)).toBe(seen.received++);
      expect(length).toBe(lengthOf(seen.received - 1));
    });
    while (seen.received < 4_000) {
      const message = new Uint8Array(lengthOf(sent));
      new DataView(message.buffer).setUint32(0, sent, true);
      const result = sent < 4_000 ? publication.offer(message) : OfferResult.backPressured;
      if (result > 0) sent++;
      else if (result === OfferResult.backPressured) {
        refused++;
        subscription.poll(assembler.handle, 100);
        world.driver.turn(world.nowMs);
      } else expect(result).toBe(OfferResult.adminAction);
    }
    expect(refused).toBeGreaterThan(3);
    expect(publication.position()).toBeGreaterThan(10 * 65_536);
  });

  function lengthOf(index: number): number {
    return 4 + ((index * 977) % 4_000);
  }
});

test.each([2 ** 31 - 1, -1, -(2 ** 31)])("§13.4: term ids wrap from %d on", async (id) => {
  const world = new World();
  const client = world.client();
  const channel = `aeron:ipc?init-term-id=${id}|term-id=${id}|term-offset=0`;
  const subscription = await world.done(client.addSubscription(IPC, 10));
  const publication = await world.done(client.addPublication(channel, 10));
  world.settle();
  for (let index = 0; index < 400; index++) {
    const message = `message ${index}`.padEnd(1_000, ".");
    while (publication.offer(text(message)) < 0) world.settle();
    world.settle();
    expect(read(subscription)).toEqual([message]);
  }
  expect(publication.position()).toBeGreaterThan(3 * 65_536);
});

describe("sharing", () => {
  test("two clients write one shared log, each in its own order", async () => {
    const world = new World();
    const { subscription, publication } = await pair(world);
    const other = await world.done(world.client().addPublication(IPC, 10));
    expect(other.sessionId).toBe(publication.sessionId);
    publication.offer(text("a1"));
    other.offer(text("b1"));
    publication.offer(text("a2"));
    expect(read(subscription)).toEqual(["a1", "b1", "a2"]);
    publication.close();
    world.settle();
    expect(other.offer(text("b2"))).toBeGreaterThan(0);
    expect(read(subscription)).toEqual(["b2"]);
  });

  test("exclusive publications have sessions of their own", async () => {
    const world = new World();
    const client = world.client();
    const subscription = await world.done(client.addSubscription(IPC, 10));
    const one = await world.done(client.addExclusivePublication(IPC, 10));
    const two = await world.done(client.addExclusivePublication(IPC, 10));
    world.settle();
    expect(one.sessionId).not.toBe(two.sessionId);
    expect(subscription.images).toHaveLength(2);
    one.offer(text("one"));
    two.offer(text("two"));
    expect(read(subscription).toSorted()).toEqual(["one", "two"]);
  });

  test("a subscription can choose one session", async () => {
    const world = new World();
    const client = world.client();
    const one = await world.done(client.addExclusivePublication("aeron:ipc?session-id=7", 10));
    await world.done(client.addExclusivePublication(IPC, 10));
    const subscription = await world.done(client.addSubscription("aeron:ipc?session-id=7", 10));
    world.settle();
    expect(subscription.images.map(({ sessionId }) => sessionId)).toEqual([one.sessionId]);
    expect(
      await codeOf(world.done(client.addExclusivePublication("aeron:ipc?session-id=7", 10))),
    ).toBe("aeron.refused");
  });

  test("streams do not meet", async () => {
    const world = new World();
    const { client, publication } = await pair(world);
    const elsewhere = await world.done(client.addSubscription(IPC, 11));
    publication.offer(text("not for you"));
    expect(read(elsewhere)).toEqual([]);
    expect(elsewhere.isConnected).toBe(false);
  });

  test("a late reader joins where the furthest reader is", async () => {
    const world = new World();
    const { client, subscription, publication } = await pair(world);
    publication.offer(text("before"));
    read(subscription);
    world.settle();
    const late = await world.done(client.addSubscription(IPC, 10));
    world.settle();
    publication.offer(text("after"));
    expect(read(late)).toEqual(["after"]);
    expect(read(subscription)).toEqual(["after"]);
  });
});
