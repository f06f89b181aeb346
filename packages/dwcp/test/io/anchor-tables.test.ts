import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { AnchorTables } from "#src/io/transfer/anchor-tables.js";
import { HdePool } from "#src/io/workers/hde-pool.js";
import { sharedBytes, type SourceSpec } from "#src/io/workers/source-spec.js";

let pool: HdePool;

beforeEach(() => {
  pool = new HdePool(1);
});

afterEach(() => pool.close());

function content(length: number): SourceSpec {
  return { kind: "shared", bytes: sharedBytes(randomBytes(length)) };
}

test("a table is made once for what an id names, also for two who ask at the same time", async () => {
  const tables = new AnchorTables(pool);
  const spec = content(100_000);
  const [first, second] = await Promise.all([tables.of("a", spec), tables.of("a", spec)]);
  expect(second).toBe(first);
  expect(first.some((position) => position > 0)).toBe(true);
  expect(await tables.of("a", spec)).toBe(first);
  expect(tables.bytes).toBe(first.byteLength);
});

test("the one that was used longest ago goes first where there are too many", async () => {
  const spec = content(100_000);
  const bytes = (await new AnchorTables(pool).of("any", spec)).byteLength;
  const tables = new AnchorTables(pool, 2 * bytes);
  const first = await tables.of("a", spec);
  const second = await tables.of("b", spec);
  expect(await tables.of("a", spec)).toBe(first);
  await tables.of("c", spec);
  expect(tables.bytes).toBe(2 * bytes);
  expect(await tables.of("a", spec)).toBe(first);
  expect(await tables.of("b", spec)).not.toBe(second);
});

test("one that is larger than all that may be kept is not kept", async () => {
  const tables = new AnchorTables(pool, 8);
  await tables.of("a", content(10_000));
  expect(tables.bytes).toBe(0);
});

test("content that cannot be read gives an empty table, and is asked for again", async () => {
  const tables = new AnchorTables(pool);
  const gone: SourceSpec = { kind: "file", path: "/nowhere/at/all", length: 10_000 };
  await expect(tables.of("a", gone)).rejects.toMatchObject({ code: "dwcp.baseline_missing" });
  const table = await tables.of("a", content(10_000));
  expect(table.some((position) => position > 0)).toBe(true);
});
