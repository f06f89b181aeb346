import { expect, test } from "@jest/globals";
import { PayloadPool } from "#src/io/net/payload-pool.js";

test("memory that was given back is used again, for lengths that are nearly the same", () => {
  const pool = new PayloadPool();
  const first = pool.take(262_192);
  expect(first.length).toBe(262_192);
  pool.give(first.subarray(48));
  expect(pool.take(262_193).buffer).toBe(first.buffer);
});

test("memory that is longer serves as well, unless it is more than twice as long", () => {
  const pool = new PayloadPool();
  const long = pool.take(400_000);
  pool.give(long);
  const other = pool.take(100_000);
  expect(other.buffer).not.toBe(long.buffer);
  expect(pool.take(240_000).buffer).toBe(long.buffer);
});

test("memory is lent to one at a time", () => {
  const pool = new PayloadPool();
  const first = pool.take(100_000);
  pool.give(first);
  pool.give(first);
  expect(pool.take(100_000).buffer).not.toBe(pool.take(100_000).buffer);
});

test("other memory, and what is short, is left alone", () => {
  const pool = new PayloadPool();
  const foreign = new Uint8Array(131_072);
  pool.give(foreign);
  expect(pool.take(131_072).buffer).not.toBe(foreign.buffer);
  expect(pool.take(100).buffer.byteLength).toBe(100);
});

test("what lies idle is bounded", () => {
  const pool = new PayloadPool();
  const lent = Array.from({ length: 70 }, () => pool.take(1_048_576));
  for (const each of lent) pool.give(each);
  const again = new Set(Array.from({ length: 70 }, () => pool.take(1_048_576).buffer));
  expect(lent.filter(({ buffer }) => again.has(buffer)).length).toBe(64);
});

test("lengths that are no longer asked for give way to those that are", () => {
  const pool = new PayloadPool();
  const short = Array.from({ length: 600 }, () => pool.take(131_072));
  for (const each of short) pool.give(each);
  const long = pool.take(1_048_576);
  pool.give(long);
  expect(pool.take(1_048_576).buffer).toBe(long.buffer);
});
