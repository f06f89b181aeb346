import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killed, nodeProgram, portOf, start, told } from "../support/node-process.js";

const MOST = 12;
const RAW_BYTES = 4_000_000;

let folder: string;
let receiver: ChildProcess;
let proxies: TcpProxy[];
let senders: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-ceiling-"));
  const env = { ...process.env, MAX_STREAMS_TOTAL: String(MOST) };
  receiver = start(nodeProgram, ["receive", 0, join(folder, "store")], env);
  [proxies, senders] = [[], []];
});

afterEach(async () => {
  await Promise.all([receiver, ...senders].map((child) => killed(child)));
  await Promise.all(proxies.map((proxy) => proxy.close()));
  rmSync(folder, { recursive: true, force: true });
});

interface Sent {
  readonly rootHash: string;
  readonly rawBytes: number;
}

/** Starts a process that sends a file of its own slowly, by up to `MOST` streams; what comes of it. */
async function sends(at: number, toPort: number): Promise<Sent> {
  const path = join(folder, `object-${at}`);
  writeFileSync(path, randomBytes(RAW_BYTES));
  const proxy = await startTcpProxy({ toPort, bytesPerSecond: 100_000 });
  proxies.push(proxy);
  const env = { ...process.env, INITIAL_STREAMS: String(MOST), SENDER_NAME: `sender-${at}` };
  const id = String(at).padStart(32, "0");
  const sender = start(nodeProgram, ["send", proxy.port, path, id], env);
  senders.push(sender);
  return await told<Sent>(sender);
}

interface Shared {
  readonly held: number;
  readonly isShort: boolean;
  readonly shares: Readonly<Record<string, number>>;
}

/** How the receiver shares its streams now. */
async function shared(): Promise<Shared> {
  const answer = told<Shared>(receiver);
  receiver.send("streams");
  return await answer;
}

test("B13: senders in processes of their own share the streams of a receiver, and all of it arrives", async () => {
  const port = await portOf(receiver);
  const first = sends(1, port);
  const has = async (shares: Shared["shares"]): Promise<boolean> => {
    const now = await shared();
    const text = JSON.stringify(
      Object.entries(now.shares).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    // While a new session has its first stream already, another one has not drained its own yet.
    expect(now.held).toBeLessThanOrEqual(MOST + 2);
    return text === JSON.stringify(Object.entries(shares));
  };
  await until(() => has({ "sender-1": MOST }), "all streams for the first", { everyMs: 5 });
  expect((await shared()).isShort).toBe(false);
  const others = [2, 3].map((at) => sends(at, port));
  const even = { "sender-1": MOST / 3, "sender-2": MOST / 3, "sender-3": MOST / 3 };
  await until(() => has(even), "even shares", { everyMs: 5 });
  expect((await shared()).isShort).toBe(true);
  const all = await Promise.all([first, ...others]);
  expect(all.map(({ rawBytes }) => rawBytes)).toEqual([RAW_BYTES, RAW_BYTES, RAW_BYTES]);
  for (const at of [1, 2, 3]) {
    const kept = join(folder, "store", "objects", `sender-${at}`, "0.bin");
    expect(sha256(kept)).toBe(sha256(join(folder, `object-${at}`)));
  }
}, 120_000);

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
