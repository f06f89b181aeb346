import { expect, test } from "@jest/globals";
import { CommandPost } from "#src/io/thread/command-post.js";
import { CommandTaker } from "#src/io/thread/command-taker.js";
import { THREAD_WORDS } from "#src/io/thread/thread-messages.js";
import { type Id64, id64 } from "#src/wire/id64.js";

/** Both ends on one thread, and what was cancelled over there; batches come where they are taken out of `arrived`. */
function ends() {
  const words = new Int32Array(new SharedArrayBuffer(4 * THREAD_WORDS));
  const arrived: unknown[] = [];
  const post = new CommandPost((batch) => arrived.push(batch), words);
  const taker = new CommandTaker(words);
  const cancelled: number[] = [];
  const claim = (): void => taker.claim(({ lo }: Id64) => cancelled.push(lo));
  /** Posts an announcement in a batch of its own; its number. */
  const announce = async (): Promise<number> => {
    const { batch } = post;
    post.post({ kind: "measure" });
    await Promise.resolve();
    return batch;
  };
  /** Takes the next batch, with an announcement of that number. */
  const take = (transfer: number): boolean => {
    const isTaken = taker.take();
    if (isTaken) taker.announced(id64(0, transfer));
    return isTaken;
  };
  return { post, taker, arrived, cancelled, claim, announce, take };
}

test("§18: what was taken and not sent is revoked, and the thread cancels it before it sends", async () => {
  const { post, announce, take, claim, cancelled } = ends();
  expect(await announce()).toBe(0);
  await announce();
  await announce();
  take(0);
  claim();
  take(1);
  // Of the first batch something may have left; the second was taken, the third not even that.
  expect(post.revoke()).toBe(1);
  expect(post.revoke()).toBe(1);
  expect(take(2)).toBe(false);
  claim();
  expect(cancelled).toEqual([1]);
});

test("what is posted after that is taken and sent as ever", async () => {
  const { post, announce, take, claim, cancelled } = ends();
  await announce();
  take(0);
  expect(post.revoke()).toBe(0);
  await announce();
  await announce();
  // One turn over there sees both what was revoked and what came later.
  expect(take(1)).toBe(true);
  claim();
  expect(cancelled).toEqual([0]);
  expect(take(2)).toBe(true);
  claim();
  expect(post.revoke()).toBe(3);
  expect(cancelled).toEqual([0]);
});

test("who is lost again before it came by has sent nothing of either time", async () => {
  const { post, announce, take, claim, cancelled } = ends();
  await announce();
  take(0);
  expect(post.revoke()).toBe(0);
  await announce();
  expect(post.revoke()).toBe(0);
  expect(take(1)).toBe(false);
  await announce();
  expect(take(2)).toBe(true);
  claim();
  expect(cancelled).toEqual([0]);
});

test("where everything was sent, nothing is revoked", async () => {
  const { post, announce, take, claim, cancelled } = ends();
  await announce();
  take(0);
  claim();
  expect(post.revoke()).toBe(1);
  await announce();
  expect(take(1)).toBe(true);
  claim();
  expect(cancelled).toEqual([]);
});
