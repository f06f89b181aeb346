import { expect, test } from "@jest/globals";
import { IntervalSet } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { memorySource } from "@proj/dwcp";
import { ArrivingLeaves } from "#src/io/transfer/arriving-leaves.js";
import { hashLeaves, LeafHasher } from "#src/io/transfer/leaf-hasher.js";
import type { Verification } from "#src/io/transfer/verification.js";
import { noise, platform } from "../support/hde.js";

const LEAF_BYTES = 65_536;
const source = memorySource(noise(10 * LEAF_BYTES + 5, 1));
const whole = await hashLeaves({ source, leafBytes: LEAF_BYTES, platform });

function arriving(verification: Verification) {
  let hashed = 0;
  const counting = {
    ...platform,
    sha256: (...parts: Uint8Array[]) => {
      if (parts[0]?.length === LEAF_BYTES) hashed += 1;
      return platform.sha256(...parts);
    },
  };
  const here = new IntervalSet();
  const hasher = new LeafHasher({ source, leafBytes: LEAF_BYTES, platform: counting });
  const leaves = new ArrivingLeaves(hasher, LEAF_BYTES, here, verification);
  const arrive = (start: number, end: number) => {
    here.add(start, end);
    leaves.note(start, end);
  };
  return { leaves, arrive, hashed: () => hashed };
}

test("beside: leaves are hashed once they are whole", async () => {
  const { leaves, arrive, hashed } = arriving("beside");
  arrive(LEAF_BYTES, 3 * LEAF_BYTES);
  arrive(5 * LEAF_BYTES, 5 * LEAF_BYTES + 100);
  await until(() => hashed() === 2, "two leaves that are whole");
  expect(await leaves.finish(source.length)).toEqual(whole);
  expect(hashed()).toBe(10);
  leaves.close();
});

test("after: nothing is hashed before the word that all is there, and everything once", async () => {
  const { leaves, arrive, hashed } = arriving("after");
  arrive(4 * LEAF_BYTES, source.length);
  arrive(0, 4 * LEAF_BYTES);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(hashed()).toBe(0);
  leaves.release();
  leaves.release();
  await until(() => hashed() === 10, "ten leaves");
  expect(await leaves.finish(source.length)).toEqual(whole);
  expect(hashed()).toBe(10);
  leaves.close();
});

test("after: what is asked for is hashed without that word, and what is written again is hashed again", async () => {
  const { leaves, arrive, hashed } = arriving("after");
  arrive(0, source.length);
  expect(await leaves.finish(source.length)).toEqual(whole);
  leaves.release();
  leaves.forget([3]);
  arrive(3 * LEAF_BYTES, 4 * LEAF_BYTES);
  expect(await leaves.finish(source.length)).toEqual(whole);
  expect(hashed()).toBe(11);
  leaves.close();
});
