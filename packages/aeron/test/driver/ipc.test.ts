import { describe, expect, test } from "@jest/globals";
import {
  AeronError,
  Claim,
  type Client,
  FragmentAssembler,
  type Image,
  OfferResult,
  type Subscription,
} from "@proj/aeron";
import { World } from "../support/world.js";

const IPC = "aeron:ipc";

function text(message: string): Uint8Array {
  return new TextEncoder().encode(message);
}

/** Polls until nothing comes and returns what did, as text. */
function read(subscription: Subscription, limit = 10): string[] {
  const messages: string[] = [];
  const assembler = new FragmentAssembler((term, offset, length) => {
    messages.push(new TextDecoder().decode(term.bytes.subarray(offset, offset + length)));
  });
  // The padding at a term's end counts for nothing: only two empty polls mean that there is no more.
  for (let empty = 0; empty < 2;) {
    empty = subscription.poll(assembler.handle, limit) > 0 ? 0 : empty + 1;
  }
  return messages;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AeronError) return error.code;
    throw error;
  }
  return "no error";
}

async function pair(world: World, client: Client = world.client()) {
  const subscription = await world.done(client.addSubscription(IPC, 10));
  const publication = await world.done(client.addPublication(IPC, 10));
  world.settle();
  return { client, subscription, publication };
}

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
