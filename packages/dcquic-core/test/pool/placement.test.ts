import { expect, test } from "@jest/globals";
import {
  type CryptoBackend,
  nullCrypto,
  type PayloadProtection,
  type PlacementTarget,
  type PlaceOptions,
} from "@proj/dcquic-core";
import { isWireError } from "@proj/wire-types";
import { runUntil, simPools } from "../support/sim-pools.js";

const content = new Uint8Array(200_000).map((_, i) => i * 13);

/** Carries the content to a target, and says with which code that failed. */
async function carry(
  target: PlacementTarget,
  options: PlaceOptions = {},
  crypto: CryptoBackend = nullCrypto,
  protection: PayloadProtection = "record",
): Promise<string | undefined> {
  const pools = simPools({ crypto });
  pools.pool(1).serve({
    accept: (incoming) => void incoming.place(target, options).catch(() => {}),
  });
  const { done } = pools.pool(0).rawBulkTransfer("1", content.slice(), { protection });
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

/** Cryptography by which the first records that are decrypted into memory of a target do not verify. */
function failing(times: number): CryptoBackend {
  let left = times;
  return {
    ...nullCrypto,
    aead: (key) => {
      const aead = nullCrypto.aead(key);
      const openInto: typeof aead.openInto = (job, into, to) => {
        // What was decrypted lies there by then.
        if (left-- > 0) into.fill(0xbb, to, to + job.bodyLength);
        return left < 0 && aead.openInto(job, into, to);
      };
      return { ...aead, openInto };
    },
  };
}

/** A target that lends all of its memory, and what became of it. */
function lender() {
  const memory = new Uint8Array(content.length);
  const seen = { asked: 0, written: 0, finished: 0, aborted: 0 };
  const target: PlacementTarget = {
    isBorrower: true,
    lend: (offset, length) => {
      seen.asked += 1;
      return memory.subarray(offset, offset + length);
    },
    write: () => void (seen.written += 1),
    finish: () => void (seen.finished += 1),
    abort: () => void (seen.aborted += 1),
  };
  return { memory, seen, target };
}

test("§8.2: a record that did not verify in lent memory does not count, and is pulled again", async () => {
  const { memory, seen, target } = lender();
  const teed: number[] = [];
  const tee = { isBorrower: true, write: (offset: number) => void teed.push(offset) };
  expect(await carry(target, { tee }, failing(2))).toBeUndefined();
  expect(Buffer.compare(memory, content)).toBe(0);
  expect(seen).toEqual({ asked: 6, written: 0, finished: 1, aborted: 0 });
  expect(teed.toSorted((a, b) => a - b)).toEqual([0, 65_536, 131_072, 196_608]);
});

test("§8.2: records that never verify in lent memory end the transfer, and their target", async () => {
  const { seen, target } = lender();
  expect(await carry(target, {}, failing(Number.POSITIVE_INFINITY))).toBe(
    "dcquic.integrity_failed",
  );
  expect(seen).toMatchObject({ written: 0, finished: 0, aborted: 1 });
});

test("§4: packets put their bytes into lent memory as they come", async () => {
  const { memory, seen, target } = lender();
  expect(await carry(target, {}, nullCrypto, "packet")).toBeUndefined();
  expect(Buffer.compare(memory, content)).toBe(0);
  expect(seen).toMatchObject({ written: 0, finished: 1, aborted: 0 });
  expect(seen.asked).toBeGreaterThan(4);
});

test("§4: a target that takes lent memory away before the part is whole fails the transfer, and nothing is written there", async () => {
  for (const again of ["none", "another", "throws"]) {
    const first = new Uint8Array(65_536);
    const before: Uint8Array[] = [];
    let aborted = 0;
    const target: PlacementTarget = {
      isBorrower: true,
      lend: (offset, length) => {
        if (offset !== 65_536) return undefined;
        if (before.length === 0) return (before.push(first), first);
        before.push(first.slice());
        if (again === "throws") throw new Error("no more");
        return again === "none" ? undefined : new Uint8Array(length);
      },
      write: () => undefined,
      abort: () => void (aborted += 1),
    };
    expect(await carry(target, {}, nullCrypto, "packet")).toBe("dcquic.placement_failed");
    expect(Buffer.compare(first, before[1] ?? new Uint8Array(0))).toBe(0);
    expect([before.length > 1, aborted]).toEqual([true, 1]);
  }
});
