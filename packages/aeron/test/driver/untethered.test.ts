import { expect, test } from "@jest/globals";
import type { Publication, Subscription } from "@proj/aeron";
import { World } from "../support/world.js";

const STREAM = 10;
const MESSAGE = new Uint8Array(992);

interface Race {
  readonly world: World;
  readonly publication: Publication;
  readonly quick: Subscription;
  readonly slow: Subscription;
}

async function race(slowChannel: string): Promise<Race> {
  const world = new World();
  const writer = world.client();
  const quick = await world.done(writer.addSubscription("aeron:ipc", STREAM));
  const slow = await world.done(world.client().addSubscription(slowChannel, STREAM));
  const publication = await world.done(writer.addPublication("aeron:ipc", STREAM));
  world.settle();
  return { world, publication, quick, slow };
}

/** Writes and reads with the quick reader alone, until nothing can be written; returns how much was. */
function write({ world, publication, quick }: Race): number {
  let written = 0;
  for (let refused = 0; refused < 3 && written < 1_000;) {
    const taken = publication.offer(MESSAGE) >= 0;
    refused = taken ? 0 : refused + 1;
    if (taken) written++;
    while (quick.poll(() => undefined, 100) > 0);
    world.settle();
  }
  return written;
}

test("a reader that is tethered holds the writer up for ever", async () => {
  const all = await race("aeron:ipc");
  write(all);
  all.world.pass(30_000);
  expect(write(all)).toBe(0);
  expect(all.slow.isConnected).toBe(true);
});

test("an untethered reader that is behind loses its image, and the writer goes on", async () => {
  const all = await race("aeron:ipc?tether=false");
  const before = write(all);
  expect(before).toBeLessThan(60);
  all.world.pass(7_000);
  expect(all.slow.isConnected).toBe(false);
  // Until it has lingered, its client may still look at the log.
  expect(write(all)).toBe(0);
  all.world.pass(6_000);
  expect(write(all)).toBe(1_000);
});

test("it joins again where the others are", async () => {
  const all = await race("aeron:ipc?tether=false");
  write(all);
  all.world.pass(13_000);
  write(all);
  all.world.pass(12_000);
  expect(all.slow.isConnected).toBe(true);
  expect(all.slow.images[0]?.joinPosition).toBe(all.quick.images[0]?.position);
  all.publication.offer(MESSAGE);
  expect(all.slow.poll(() => undefined, 10)).toBe(1);
});

test("with rejoin=false it does not", async () => {
  const all = await race("aeron:ipc?tether=false|rejoin=false");
  write(all);
  all.world.pass(40_000);
  expect(all.slow.isConnected).toBe(false);
});

test("one that keeps up stays, and one that closes is forgotten", async () => {
  const all = await race("aeron:ipc?tether=false");
  for (let round = 0; round < 20; round++) {
    all.publication.offer(MESSAGE);
    all.quick.poll(() => undefined, 10);
    all.slow.poll(() => undefined, 10);
    all.world.pass(1_000);
  }
  expect(all.slow.isConnected).toBe(true);
  all.slow.close();
  all.world.pass(30_000);
  expect(write(all)).toBe(1_000);
});
