import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type DwcpNode, startDwcpNode } from "@proj/dwcp/node";
import { type ProxiedConnection, startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killed, nodeProgram, portOf, start } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const security = { mode: "psk", key: testKey } as const;
const streams = { minStreams: 2, initialStreams: 4, maxStreams: 4 };

let folder: string;
let receiver: ChildProcess;
let port: number;
let sender: DwcpNode | undefined;
let proxy: TcpProxy | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-part-c-"));
  await startReceiver(0);
});

afterEach(async () => {
  await sender?.close();
  await proxy?.close();
  await killed(receiver);
  [sender, proxy] = [undefined, undefined];
  rmSync(folder, { recursive: true, force: true });
});

async function startReceiver(at: number): Promise<void> {
  receiver = start(nodeProgram, ["receive", at, join(folder, "store")]);
  port = await portOf(receiver);
}

function stored(key: string): string {
  const kept = join(folder, "store", "objects", key);
  const [last = ""] = readdirSync(kept)
    .filter((name) => name.endsWith(".bin"))
    .toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  return join(kept, last);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path, { highWaterMark: 4_194_304 })) {
    hash.update(bytes as Buffer);
  }
  return hash.digest("hex");
}

test("C1: an object of more than 4 GiB comes whole, and what is zero takes no room", async () => {
  const length = 2 ** 32 + 1_048_576 + 12_345;
  const path = join(folder, "large");
  const file = openSync(path, "w");
  ftruncateSync(file, length);
  for (const at of [0, 2 ** 31 - 77, 2 ** 32 - 100_000, 2 ** 32 + 500_001, length - 5_000]) {
    writeSync(file, randomBytes(Math.min(200_000, length - at)), 0, undefined, at);
  }
  closeSync(file);
  sender = await startDwcpNode({ nodeId: "sender", security, streams, workers: 1 });
  const sent = await sender.send({ host: "127.0.0.1", port }, { key: "large", from: path });
  expect(sent.rawBytes).toBe(length);
  expect(sent.wireBytes).toBeLessThan(2_000_000);
  const kept = statSync(stored("large"));
  expect(kept.size).toBe(length);
  // In blocks of 512 bytes; other systems may have no holes.
  if (process.platform === "linux") expect(kept.blocks * 512).toBeLessThan(100_000_000);
  expect(await sha256(stored("large"))).toBe(await sha256(path));
}, 600_000);

test("C2: what was changed under its name is no baseline, and the next state comes whole", async () => {
  sender = await startDwcpNode({ nodeId: "sender", security, streams, workers: 1 });
  const peer = { host: "127.0.0.1", port };
  const first = randomBytes(2_000_000);
  await sender.send(peer, { key: "k", generation: 1, from: first });
  // Somebody writes to what the receiver keeps, while it does not look.
  await killed(receiver);
  const changed = readFileSync(stored("k"));
  changed.writeUInt8(changed.readUInt8(1_234_567) ^ 1, 1_234_567);
  writeFileSync(stored("k"), changed);
  await startReceiver(port);
  const second = Buffer.from(first);
  second.fill(7, 100_000, 104_096);
  const sent = await sender.send(peer, {
    key: "k",
    generation: 2,
    from: second,
    baselines: [first],
  });
  expect(sent.wireBytes).toBeGreaterThan(second.length);
  expect(readFileSync(stored("k")).equals(second)).toBe(true);
});

describe("C4: memory stays within its bounds at both ends, with 256 streams", () => {
  const RAW_BYTES = 300_000_000;
  /** What the receiver grants when nobody says otherwise. B16 */
  const CREDIT_BYTES = 64 * 1_048_576;
  /** Beside the credit: what is encoded ahead, what sockets hold, and what nobody has collected yet. */
  const SLACK_BYTES = 128_000_000;

  let path: string;

  beforeEach(() => {
    path = join(folder, "big");
    const block = randomBytes(4_000_000);
    const file = openSync(path, "w");
    for (let at = 0; at < RAW_BYTES; at += block.length) {
      block.writeUInt32LE(at, 0);
      writeSync(file, block, 0, block.length, at);
    }
    closeSync(file);
  });

  async function withStreams(to: number): Promise<DwcpNode> {
    const node = await startDwcpNode({
      nodeId: "sender",
      security,
      streams: { minStreams: 256, initialStreams: 256, maxStreams: 256, autoStreams: false },
      workers: 1,
    });
    await node.send({ host: "127.0.0.1", port: to }, { key: "small", from: randomBytes(1_000) });
    await until(() => node.traffic[0]?.streams === 256, "256 streams", { everyMs: 20 });
    return node;
  }

  /** Looks at memory and flight until `isOver`; gives the most that was there beyond the beginning. */
  async function watch(node: DwcpNode, isOver: () => boolean): Promise<number> {
    const before = [residentBytes(process.pid), residentBytes(receiver.pid ?? 0)];
    let most = 0;
    while (!isOver()) {
      const now = [residentBytes(process.pid), residentBytes(receiver.pid ?? 0)];
      most = Math.max(most, ...now.map((bytes, end) => bytes - (before[end] ?? 0)));
      expect(node.traffic[0]?.inflightBytes).toBeLessThanOrEqual(CREDIT_BYTES);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return most;
  }

  test("while whoever reads is slow", async () => {
    proxy = await startTcpProxy({ toPort: port, bytesPerSecond: 20_000 });
    const node = (sender = await withStreams(proxy.port));
    const abort = new AbortController();
    const peer = { host: "127.0.0.1", port: proxy.port };
    const sending = node.send(peer, { key: "big", from: path, level: 0, signal: abort.signal });
    const code = sending.then(
      () => "arrived",
      (error: unknown) => (error as { readonly code: string }).code,
    );
    let looks = 0;
    const most = await watch(node, () => looks++ > 150);
    abort.abort();
    expect(await code).toBe("dwcp.cancelled");
    expect(most).toBeLessThan(CREDIT_BYTES + SLACK_BYTES);
  });

  test("while a long object goes as fast as it can", async () => {
    const node = (sender = await withStreams(port));
    let isOver = false;
    const sending = node
      .send({ host: "127.0.0.1", port }, { key: "big", from: path, level: 0 })
      .finally(() => (isOver = true));
    const most = await watch(node, () => isOver);
    expect((await sending).rawBytes).toBe(RAW_BYTES);
    expect(await sha256(stored("big"))).toBe(await sha256(path));
    expect(most).toBeLessThan(CREDIT_BYTES + SLACK_BYTES);
  });
});

describe("C5: a rate that is configured", () => {
  const BYTES_PER_SECOND = 12_000_000;
  const KEPT_SECONDS = 3;
  /** A process that waits for a processor sends nothing meanwhile, and what waited goes then: that says nothing about the rate. */
  const MOST_SECONDS = 12;

  test("is kept by 256 streams together, within 5 % in each second on the wire", async () => {
    const connections: ProxiedConnection[] = [];
    proxy = await startTcpProxy({
      toPort: port,
      onConnection: (connection) => void connections.push(connection),
    });
    sender = await startDwcpNode({
      nodeId: "sender",
      security,
      streams: { minStreams: 256, initialStreams: 256, maxStreams: 256, autoStreams: false },
      tuning: { rateLimit: BYTES_PER_SECOND },
      workers: 1,
    });
    const node = sender;
    const peer = { host: "127.0.0.1", port: proxy.port };
    await node.send(peer, { key: "small", from: randomBytes(1_000) });
    await until(() => node.traffic[0]?.streams === 256, "256 streams", { everyMs: 20 });
    const onTheWire = (): number => connections.reduce((sum, each) => sum + each.bytesToServer, 0);
    const abort = new AbortController();
    const from = randomBytes((MOST_SECONDS + 5) * BYTES_PER_SECOND);
    const sending = node.send(peer, { key: "big", from, level: 0, signal: abort.signal });
    const ended = expect(sending).rejects.toMatchObject({ code: "dwcp.cancelled" });
    const begun = onTheWire() + BYTES_PER_SECOND / 2;
    await until(() => onTheWire() > begun, "the transfer to be under way", { everyMs: 5 });
    // Whoever measures may be late: what went by counts against the time that really passed.
    const shares: number[] = [];
    const kept = (): number => shares.filter((share) => Math.abs(share - 1) <= 0.05).length;
    let [bytes, ms] = [onTheWire(), performance.now()];
    const [bytesBefore, msBefore] = [bytes, ms];
    while (kept() < KEPT_SECONDS && shares.length < MOST_SECONDS) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const [nextBytes, nextMs] = [onTheWire(), performance.now()];
      shares.push((1_000 * (nextBytes - bytes)) / (nextMs - ms) / BYTES_PER_SECOND);
      [bytes, ms] = [nextBytes, nextMs];
    }
    const whole = (1_000 * (bytes - bytesBefore)) / (ms - msBefore) / BYTES_PER_SECOND;
    abort.abort();
    await ended;
    expect({ shares, isKept: kept() >= KEPT_SECONDS }).toEqual({ shares, isKept: true });
    expect(whole).toBeLessThan(1.05);
  });
});

/** What a process has in memory now; 0 where the system does not tell. */
function residentBytes(pid: number): number {
  if (process.platform !== "linux") return 0;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}
