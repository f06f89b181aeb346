import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DwcpError } from "@proj/dwcp";
import { nodeCrc32 } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { decodeJournal } from "#src/journal/journal.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

let nodes: TwoNodes;

beforeEach(() => {
  nodes = new TwoNodes();
});
afterEach(() => nodes.close());

test("what had arrived when its sender shut down stays, and the same transfer goes on with the session", async () => {
  const receiver = await nodes.receiving();
  const sender = await nodes.start({ nodeId: "sender", workers: 1 });
  const to = await nodes.slowly(receiver, 2_000_000);
  const from = randomBytes(4_000_000);
  const transferId = "ab".repeat(16);
  const abort = new AbortController();
  const first = sender.send(to, {
    key: "k",
    from,
    transferId,
    signal: abort.signal,
    progress: (arrived) => {
      if (arrived > 1_000_000) abort.abort(new DwcpError("dwcp.shutdown", "it is late"));
    },
  });
  await expect(first).rejects.toMatchObject({ code: "dwcp.shutdown", message: "it is late" });
  const seen: number[] = [];
  const progress = (arrived: number): void => void seen.push(arrived);
  const second = await sender.send(to, { key: "k", from, transferId, progress });
  expect(seen.find((arrived) => arrived > 0)).toBeGreaterThan(1_000_000);
  expect(second.wireBytes).toBeLessThan(3_100_000);
  expect(storedIn(receiver, "k").equals(from)).toBe(true);
});

test("a receiver that is closed has closed its files: what is durable is counted, and no lock stays", async () => {
  const receiver = await nodes.receiving();
  const sender = await nodes.start({ nodeId: "sender", workers: 1 });
  const to = await nodes.slowly(receiver, 3_000_000);
  const seen = { bytes: 0 };
  const progress = (bytes: number): void => void (seen.bytes = bytes);
  const sending = sender.send(to, { key: "k", from: randomBytes(16_000_000), progress });
  const over = expect(sending).rejects.toMatchObject({ code: "dwcp.shutdown" });
  await until(() => seen.bytes >= 2_000_000, "two megabytes to arrive");
  await nodes.stop(receiver);
  const parts = join(nodes.folder, "store", "parts");
  const left = readdirSync(parts);
  expect(left.filter((name) => name.endsWith(".lock"))).toEqual([]);
  // What was acknowledged was written; closing made it durable.
  const journal = left.find((name) => name.endsWith(".journal")) ?? "";
  const { records } = decodeJournal(readFileSync(join(parts, journal)), nodeCrc32);
  expect(records.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(seen.bytes);
  await nodes.stop(sender);
  await over;
});

test("a sender that starts again and again is let in, whatever its earlier processes left", async () => {
  const receiver = await nodes.receiving();
  for (let generation = 0; generation < 18; generation++) {
    const sender = await nodes.start({ nodeId: "sender", workers: 1 });
    const from = Uint8Array.of(generation);
    await sender.send(addressOf(receiver), { key: "k", generation, from });
    await nodes.stop(sender);
  }
  expect(storedIn(receiver, "k")).toEqual(Buffer.of(17));
});
