import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { startDwcpNode } from "@proj/dwcp/node";
import { command, describeWith } from "@proj/peers";
import { startTcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cliJson, main } from "../support/cli.js";
import { ReplicaNode, type Round, sha } from "../support/replica-node.js";

// Every state is synced to disk several times.
jest.setTimeout(180_000);

const replica = new ReplicaNode();
const { folder, keyFile, replicas } = replica;

beforeAll(() => replica.start());
afterAll(() => replica.close());

test("a sender that is killed goes on where it was, and sends what changed since as well", async () => {
  const proxy = await startTcpProxy({ toPort: replica.port, bytesPerSecond: 600_000 });
  const source = join(folder.path, "big.bin");
  writeFileSync(source, randomBytes(16_000_000));
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = replica.argsTo(to, source);
  const first = spawn(process.execPath, [main, ...line], { stdio: "ignore" });
  // Something has to be durable at the receiver.
  const journals = join(replicas, ".dwcp", "parts");
  const isUnderWay = (): boolean =>
    readdirSync(journals).some(
      (name) => name.endsWith(".journal") && statSync(join(journals, name)).size > 600,
    );
  await until(isUnderWay, "something durable at the receiver", { everyMs: 50 });
  first.kill("SIGKILL");
  await once(first, "close");
  appendFileSync(source, "and more");
  try {
    const { document, stderr } = await cliJson(line);
    expect(stderr).toBe("");
    const rounds = document["rounds"] as Round[];
    expect(rounds).toHaveLength(2);
    expect(rounds[0]?.resumedBytes).toBeGreaterThan(0);
    expect(rounds[0]?.wireBytes).toBeLessThan(16_000_000);
    expect(rounds[1]).toMatchObject({ rawBytes: 16_000_008, hadBase: true });
  } finally {
    await proxy.close();
  }
  expect(sha(join(replicas, "big.bin"))).toBe(sha(source));
});

test("a receiver that is killed and started again goes on, and publishes", async () => {
  const proxy = await startTcpProxy({ toPort: replica.port, bytesPerSecond: 600_000 });
  const source = join(folder.path, "other.bin");
  writeFileSync(source, randomBytes(9_000_000));
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = replica.argsTo(to, source);
  const sending = cliJson([...line, "--timeout", "60000"]);
  await sleep(2_000);
  await replica.restart("SIGKILL");
  const { document, stderr } = await sending;
  await proxy.close();
  expect(stderr).toBe("");
  expect(document["ok"]).toBe(true);
  expect(sha(join(replicas, "other.bin"))).toBe(sha(source));
});

test("a folder that nobody can unpack is refused, and keeps no node from its start", async () => {
  const { port } = replica;
  const key = Buffer.from(readFileSync(keyFile, "utf8"), "hex");
  const peer = await startDwcpNode({ nodeId: "other", security: { mode: "psk", key } });
  const request = { key: "tree:bad", generation: 5, from: Buffer.alloc(5_000, 7) };
  for (const transferId of ["ab".repeat(16), "ab".repeat(16)]) {
    await expect(
      peer.send({ host: "127.0.0.1", port }, { ...request, transferId }),
    ).rejects.toMatchObject({ code: "dwcp.conflict", retryable: false });
  }
  await peer.close();
  await replica.restart("SIGTERM");
  expect(replica.node.log()).toContain("node.replica_failed");
  const source = folder.write("after it.bin", randomBytes(100_000));
  await replica.replicate(source);
  expect(sha(join(replicas, "after it.bin"))).toBe(sha(source));
  expect(existsSync(join(replicas, "bad"))).toBe(false);
});

test.each([
  ["a file", "the same command goes on from what has arrived"],
  ["standard input", "nothing of it is published"],
])("%s that is interrupted says so, by its exit code too", async (source, said) => {
  const proxy = await startTcpProxy({ toPort: replica.port, bytesPerSecond: 200_000 });
  const name = `${source}, never whole`;
  const path = source === "a file" ? folder.write(name, randomBytes(8_000_000)) : "-";
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = replica.argsTo(to, path, "--name", name);
  const child = spawn(process.execPath, [main, ...line], { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.write(randomBytes(60_000));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await until(() => proxy.connections.length > 0, "a connection");
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([128 + constants.signals.SIGINT, null]);
  await proxy.close();
  expect(stderr).toContain(`${name} was interrupted; ${said}`);
  expect(existsSync(join(replicas, name))).toBe(false);
});

/** What a large source of each kind is: something that takes far longer to read than to stop. */
const large: readonly [string, (path: string) => void, ...string[]][] = [
  [
    "folder",
    (path) => {
      mkdirSync(path);
      for (const name of ["a", "b", "c", "d", "e"]) holes(join(path, name), 2 ** 32);
    },
  ],
  ["file", (path) => holes(path, 2 ** 34)],
  ["image", (path) => holes(path, 2 ** 34), "--as", "image"],
];

function holes(path: string, length: number): void {
  writeFileSync(path, "");
  truncateSync(path, length);
}

/** Interrupts a replication, and a dry run, as soon as something is read. Nothing of it may stay. */
async function interrupt(source: string, ...more: string[]): Promise<void> {
  const kept = join(folder.path, "state of what is large");
  const temporary = join(folder.path, "temporary");
  mkdirSync(temporary, { recursive: true });
  const drafts = (): string[] =>
    [kept, temporary]
      .filter((root) => existsSync(root))
      .flatMap((root) => readdirSync(root, { recursive: true, encoding: "utf8" }))
      .filter((path) => /draft|snapshot|pending/.test(path));
  const line = ["replicate", source, "--to", replica.node.dwcp, "--key", keyFile, "--state", kept];
  for (const dryRun of [[], ["--dry-run"]]) {
    const child = spawn(process.execPath, [main, ...line, ...more, ...dryRun], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, TMPDIR: temporary },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    await until(() => drafts().length > 0, "a draft");
    const startMs = performance.now();
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([128 + constants.signals.SIGINT, null]);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(stderr).toMatch(/^(error: )?large \w+ was interrupted; .*nothing was sent\n$/);
    expect(drafts()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  }
}

test.each(large)(
  "a large %s that is interrupted while it is read stops at once, and leaves nothing",
  async (kind, make, ...more) => {
    const source = join(folder.path, `large ${kind}`);
    make(source);
    await interrupt(source, ...more);
    rmSync(source, { recursive: true });
  },
);

describeWith("with SQLite", command("sqlite3"), () => {
  test("a large database that is interrupted while it is read stops at once, and leaves nothing", async () => {
    const source = join(folder.path, "large database");
    const make = "CREATE TABLE t (b); INSERT INTO t VALUES (zeroblob(900000000));";
    expect(spawnSync("sqlite3", [source, make]).status).toBe(0);
    await interrupt(source);
    rmSync(source);
  });
});
