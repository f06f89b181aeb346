import { expect, jest, test } from "@jest/globals";
import type { PlacementTarget, PlaceOptions } from "@proj/dcquic-core";
import { isWireError } from "@proj/wire-types";
import { runUntil, simPools } from "../support/sim-pools.js";

const content = new Uint8Array(200_000).map((_, i) => i * 13);
jest.setTimeout(60_000);

/** Carries the content to a target, and says with which code that failed. */
async function carry(
  target: PlacementTarget,
  options: PlaceOptions = {},
): Promise<string | undefined> {
  const pools = simPools();
  pools.pool(1).serve({
    accept: (incoming) => void incoming.place(target, options).catch(() => {}),
  });
  const { done } = pools.pool(0).rawBulkTransfer("1", content.slice());
  const code = done.then(
    () => undefined,
    (error: unknown) => (isWireError(error) ? error.code : String(error)),
  );
  return runUntil(pools, code);
}

test("§4: records lie where their target lent memory for them, and are not written again", async () => {
  const memory = new Uint8Array(content.length);
  const written: number[] = [];
  const target: PlacementTarget = {
    isBorrower: true,
    lend: (offset, length) =>
      offset < 65_536 ? undefined : memory.subarray(offset, offset + length),
    write: (offset, bytes) => {
      written.push(offset);
      memory.set(bytes, offset);
    },
  };
  expect(await carry(target)).toBeUndefined();
  expect(memory).toEqual(content);
  expect(written).toEqual([0]);
});

test("§4: no memory of the target is asked for where a tee keeps what it is given", async () => {
  const memory = new Uint8Array(content.length);
  const kept = new Map<number, Uint8Array>();
  let asked = 0;
  const target: PlacementTarget = {
    isBorrower: true,
    lend: (offset, length) => {
      asked += 1;
      return memory.subarray(offset, offset + length);
    },
    write: (offset, bytes) => memory.set(bytes, offset),
  };
  expect(await carry(target, { tee: { write: (at, bytes) => void kept.set(at, bytes) } })).toBe(
    undefined,
  );
  memory.fill(0);
  for (const [offset, bytes] of kept) memory.set(bytes, offset);
  expect(memory).toEqual(content);
  expect(asked).toBe(0);
  kept.clear();
  const tee = {
    isBorrower: true,
    write: (at: number, bytes: Uint8Array) => void kept.set(at, bytes),
  };
  expect(await carry(target, { tee })).toBeUndefined();
  expect([asked, kept.size]).toEqual([4, 4]);
});

test("§4: a target that throws when it is asked for memory fails the transfer, not the engine", async () => {
  const target: PlacementTarget = {
    lend: () => {
      throw new Error("no memory today");
    },
    write: () => undefined,
  };
  expect(await carry(target)).toBe("dcquic.placement_failed");
});
