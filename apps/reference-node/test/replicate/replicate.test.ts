import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { startDwcpNode } from "@proj/dwcp/node";
import { command, describeWith } from "@proj/peers";
import { startTcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatReplicaKey, isReplicaName, parseReplicaKey } from "#src/replicate/replica-key.js";
import { cli, cliJson, main, serve, type ServingNode } from "../support/cli.js";
import { tempFolder } from "../support/temp-folder.js";

// Every state is synced to disk several times.
jest.setTimeout(180_000);

const folder = tempFolder();
const keyFile = join(folder.path, "dwcp.key");
const replicas = join(folder.path, "replicas");
const state = join(folder.path, "state");
let node: ServingNode;

interface Round {
  readonly rawBytes: number;
  readonly wireBytes: number;
  readonly resumedBytes: number;
  readonly hadBase: boolean;
}

beforeAll(async () => {
  writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  node = await serve(config(0));
});

afterAll(async () => {
  await node.end("SIGTERM");
  folder.remove();
});

function config(port: number): string {
  return folder.write(
    "node.toml",
    `
[[listen]]
url = "xcp://127.0.0.1:0"
[admin]
enabled = false
[control]
port = 0
token_file = "control.token"
[dwcp]
enabled = true
port = ${port}
key_file = "dwcp.key"
receive_folder = "replicas"
`,
  );
}

function args(source: string, ...more: string[]): string[] {
  return ["replicate", source, "--to", node.dwcp, "--key", keyFile, "--state", state, ...more];
}

async function replicate(source: string, ...more: string[]): Promise<Round> {
  const { document, stderr } = await cliJson(args(source, ...more));
  if (document["ok"] !== true) throw new Error(stderr);
  const last = (document["rounds"] as Round[]).at(-1);
  if (last === undefined) throw new Error("no round");
  return last;
}

function sha(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

test("a file arrives, and later what changed of it", async () => {
  const source = join(folder.path, "model.bin");
  const bytes = randomBytes(6_000_000);
  writeFileSync(source, bytes);
  expect(await replicate(source)).toMatchObject({ rawBytes: bytes.length, hadBase: false });
  expect(sha(join(replicas, "model.bin"))).toBe(sha(source));
  bytes.fill(3, 2_000_000, 2_020_000);
  writeFileSync(source, bytes);
  const { document: told } = await cliJson(args(source, "--dry-run"));
  expect(told).toMatchObject({ ok: true, dryRun: true, hadBase: true, rawBytes: bytes.length });
  expect(sha(join(replicas, "model.bin"))).not.toBe(sha(source));
  const second = await replicate(source);
  expect(second.hadBase).toBe(true);
  expect(second.wireBytes).toBeLessThan(60_000);
  expect(Math.abs(second.wireBytes - (told["wireBytes"] as number))).toBeLessThan(10_000);
  expect(sha(join(replicas, "model.bin"))).toBe(sha(source));
});

test("standard input arrives whatever its length, and later what changed of it", async () => {
  const bytes = randomBytes(3_000_001);
  const pipe = async (input: Uint8Array) =>
    (await cliJson(args("-", "--name", "stream.bin"), { input })).document;
  expect(await pipe(bytes)).toMatchObject({ ok: true, rawBytes: bytes.length });
  expect(readFileSync(join(replicas, "stream.bin")).equals(bytes)).toBe(true);
  bytes.fill(3, 1_000_000, 1_020_000);
  const second = await pipe(bytes);
  expect(second["wireBytes"]).toBeLessThan(100_000);
  expect(readFileSync(join(replicas, "stream.bin")).equals(bytes)).toBe(true);
  const kept = join(state, "streams");
  const { document, code } = await cliJson(["dwcp", "inspect", kept]);
  expect([code, document["ok"]]).toEqual([0, true]);
  expect(document["baselines"]).toMatchObject([
    { key: "file:stream.bin", state: "sound", chainLength: 1, length: bytes.length },
    { key: "file:stream.bin", state: "sound", chainLength: 2, length: bytes.length },
  ]);
  const [name = ""] = readdirSync(kept).filter((each) => each.endsWith(".baseline"));
  appendFileSync(join(kept, name), "!");
  const spoiled = await cli(["dwcp", "inspect", kept]);
  expect(spoiled.code).toBe(1);
  expect(spoiled.stdout).toContain("changed");
  const nameless = await cli(args("-"));
  expect(nameless.code).toBe(2);
  expect(nameless.stderr).toContain("--name");
});

test("a folder arrives with its links and permissions, without what was removed meanwhile", async () => {
  const source = join(folder.path, "site");
  mkdirSync(join(source, "deep", "er"), { recursive: true });
  mkdirSync(join(source, "empty"));
  writeFileSync(join(source, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(source, "deep", "er", "ünïcode @ name"), randomBytes(300_000));
  writeFileSync(join(source, "@odd"), "odd");
  symlinkSync("deep/er", join(source, "link"));
  await replicate(source);
  const there = join(replicas, "site");
  expect(readdirSync(there).toSorted()).toEqual(["@odd", "deep", "empty", "link", "run.sh"]);
  expect(readlinkSync(join(there, "link"))).toBe("deep/er");
  expect(statSync(join(there, "run.sh")).mode & 0o111).not.toBe(0);
  const odd = "ünïcode @ name";
  expect(sha(join(there, "link", odd))).toBe(sha(join(source, "deep", "er", odd)));
  rmSync(join(source, "run.sh"));
  writeFileSync(join(source, "new"), "new");
  const second = await replicate(source);
  expect(second.wireBytes).toBeLessThan(20_000);
  expect(readdirSync(there).toSorted()).toEqual(["@odd", "deep", "empty", "link", "new"]);
});

test("a folder arrives with links that lead nowhere, without sockets and pipes", async () => {
  const source = join(folder.path, "odd");
  mkdirSync(source);
  writeFileSync(join(source, "file"), "file");
  symlinkSync("file that is not there", join(source, "dangling"));
  symlinkSync("file", join(source, "..link"));
  const socket = createServer().listen(join(source, "socket"));
  const { status } = spawnSync("mkfifo", [join(source, "pipe")]);
  expect(status).toBe(0);
  await replicate(source);
  socket.close();
  const there = join(replicas, "odd");
  expect(readdirSync(there).toSorted()).toEqual(["..link", "dangling", "file"]);
  expect(readlinkSync(join(there, "dangling"))).toBe("file that is not there");
});

test.each(["/etc/hostname", "../model.bin", "deep/../../odd"])(
  "a folder with a link to %s is refused before anything is sent",
  async (target) => {
    const source = join(folder.path, `out ${target.length}`);
    mkdirSync(join(source, "deep"), { recursive: true });
    symlinkSync(target, join(source, "link"));
    const refused = await cli(args(source));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`leads out of the folder, to ${target}`);
    expect(existsSync(join(replicas, `out ${target.length}`))).toBe(false);
  },
);

test("an image arrives; what nobody wrote costs nothing", async () => {
  const source = join(folder.path, "disk.img");
  writeFileSync(source, randomBytes(200_000));
  truncateSync(source, 80_000_000);
  const round = await replicate(source, "--as", "image");
  expect(round.rawBytes).toBe(80_000_000);
  expect(round.wireBytes).toBeLessThan(220_000);
  expect(sha(join(replicas, "disk.img"))).toBe(sha(source));
});

describeWith("with SQLite", command("sqlite3"), () => {
  test("a database arrives as it was committed, while others write to it", async () => {
    const source = join(folder.path, "shop.db");
    const sql = (text: string): string => {
      const { status, stdout, stderr } = spawnSync("sqlite3", [source, text], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    sql(
      "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);" +
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)" +
        "INSERT INTO t SELECT i, hex(randomblob(30)) FROM n;",
    );
    await replicate(source);
    // A transaction that is open while the snapshot is taken is no part of it.
    const writer = spawn("sqlite3", ["-batch", source], { stdio: ["pipe", "pipe", "inherit"] });
    writer.stdin.write(
      "UPDATE t SET text = 'paid' WHERE id % 400 = 0; BEGIN; DELETE FROM t; SELECT 'open';\n",
    );
    await once(writer.stdout, "data");
    const second = await replicate(source);
    writer.stdin.end("ROLLBACK;\n");
    await once(writer, "close");
    const copy = spawnSync(
      "sqlite3",
      [
        join(replicas, "shop.db"),
        "PRAGMA integrity_check; SELECT count(*) FROM t; SELECT count(*) FROM t WHERE text = 'paid';",
      ],
      { encoding: "utf8" },
    );
    expect(copy.stdout).toBe("ok\n40000\n100\n");
    expect(second.hadBase).toBe(true);
    expect(second.wireBytes).toBeLessThan(second.rawBytes / 10);
  });

  test("what SQLite does not take is said in its words", async () => {
    const source = folder.write("no database", "text");
    const to = ["--to", node.dwcp, "--key", keyFile, "--state", state];
    const { code, stderr } = await cli(["replicate", source, "--as", "sqlite", ...to]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^SQLite cannot back up .*no database: file is not a database\n/);
  });

  test("a large database that is interrupted while it is read stops at once, and leaves nothing", async () => {
    const source = join(folder.path, "large database");
    const make = "CREATE TABLE t (b); INSERT INTO t VALUES (zeroblob(900000000));";
    expect(spawnSync("sqlite3", [source, make]).status).toBe(0);
    await interrupt(source);
    rmSync(source);
  });
});

test("a sender that is killed goes on where it was, and sends what changed since as well", async () => {
  const proxy = await startTcpProxy({
    toPort: Number(new URL(node.dwcp).port),
    bytesPerSecond: 600_000,
  });
  const source = join(folder.path, "big.bin");
  writeFileSync(source, randomBytes(16_000_000));
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = ["replicate", source, "--to", to, "--key", keyFile, "--state", state];
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
  const port = Number(new URL(node.dwcp).port);
  const proxy = await startTcpProxy({ toPort: port, bytesPerSecond: 600_000 });
  const source = join(folder.path, "other.bin");
  writeFileSync(source, randomBytes(9_000_000));
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = ["replicate", source, "--to", to, "--key", keyFile, "--state", state];
  const sending = cliJson([...line, "--timeout", "60000"]);
  await sleep(2_000);
  await node.end("SIGKILL");
  node = await serve(config(port));
  const { document, stderr } = await sending;
  await proxy.close();
  expect(stderr).toBe("");
  expect(document["ok"]).toBe(true);
  expect(sha(join(replicas, "other.bin"))).toBe(sha(source));
});

test("a folder that nobody can unpack is refused, and keeps no node from its start", async () => {
  const port = Number(new URL(node.dwcp).port);
  const key = Buffer.from(readFileSync(keyFile, "utf8"), "hex");
  const peer = await startDwcpNode({ nodeId: "other", security: { mode: "psk", key } });
  const request = { key: "tree:bad", generation: 5, from: Buffer.alloc(5_000, 7) };
  for (const transferId of ["ab".repeat(16), "ab".repeat(16)]) {
    await expect(
      peer.send({ host: "127.0.0.1", port }, { ...request, transferId }),
    ).rejects.toMatchObject({ code: "dwcp.conflict", retryable: false });
  }
  await peer.close();
  await node.end("SIGTERM");
  node = await serve(config(port));
  expect(node.log()).toContain("node.replica_failed");
  const source = folder.write("after it.bin", randomBytes(100_000));
  await replicate(source);
  expect(sha(join(replicas, "after it.bin"))).toBe(sha(source));
  expect(existsSync(join(replicas, "bad"))).toBe(false);
});

test.each([
  ["a file", "the same command goes on from what has arrived"],
  ["standard input", "nothing of it is published"],
])("%s that is interrupted says so, by its exit code too", async (source, said) => {
  const proxy = await startTcpProxy({
    toPort: Number(new URL(node.dwcp).port),
    bytesPerSecond: 200_000,
  });
  const name = `${source}, never whole`;
  const path = source === "a file" ? folder.write(name, randomBytes(8_000_000)) : "-";
  const to = `dwcp://127.0.0.1:${proxy.port}`;
  const line = ["replicate", path, "--name", name, "--to", to, "--key", keyFile, "--state", state];
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
  const line = ["replicate", source, "--to", node.dwcp, "--key", keyFile, "--state", kept];
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

test("--watch replicates every change until a signal", async () => {
  const source = join(folder.path, "watched");
  writeFileSync(source, "one");
  const child = spawn(process.execPath, [main, ...args(source, "--watch", "--every", "100")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const there = join(replicas, "watched");
  const shows = async (text: string): Promise<void> => {
    await until(() => existsSync(there) && readFileSync(there, "utf8") === text, text);
  };
  await shows("one");
  writeFileSync(source, "two, longer");
  await shows("two, longer");
  await until(() => said.split("verified by the receiver").length >= 3, "both to be verified");
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([0, null]);
});

test("errors say what to do", async () => {
  const missing = await cli(args(join(folder.path, "nothing")));
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("does not exist");
  const url = await cli(["replicate", keyFile, "--to", "http://x", "--key", keyFile]);
  expect(url.code).toBe(2);
  expect(url.stderr).toContain("dwcp://host:port");
  const odd = await cli(args(keyFile, "--name", "../out"));
  expect(odd.code).toBe(2);
  expect(odd.stderr).toContain("--name");
  const otherKey = folder.write("other.key", randomBytes(32).toString("hex"));
  const line = ["replicate", keyFile, "--to", node.dwcp, "--state", state];
  const stranger = await cli([...line, "--key", otherKey]);
  expect(stranger.code).toBe(1);
  expect(stranger.stderr).toContain("name the key that the node holds");
  const { document } = await cliJson([
    "replicate",
    keyFile,
    "--to",
    "dwcp://127.0.0.1:1",
    "--key",
    keyFile,
    "--state",
    state,
    "--timeout",
    "1000",
  ]);
  expect(document).toMatchObject({ ok: false, error: { code: "dwcp.timeout", retryable: true } });
});

test("to watch and to send nothing do not go together", async () => {
  const line = ["replicate", keyFile, "--to", node.dwcp, "--key", keyFile];
  const { code, stderr } = await cli([...line, "--watch", "--dry-run"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be used with")]);
});

test("help names every option", async () => {
  const { stdout, code } = await cli(["replicate", "--help"]);
  expect(code).toBe(0);
  for (const option of ["--watch", "--dry-run", "--json", "--as", "--name", "--state"]) {
    expect(stdout).toContain(option);
  }
  expect(stdout.replaceAll(/\s+/g, " ")).toContain("bsdiff finds the smallest ones");
});

test("a configuration without key and folder lists both", async () => {
  const file = folder.write(
    "wrong.toml",
    '[[listen]]\nurl = "xcp://127.0.0.1:0"\n[dwcp]\nenabled = true\n',
  );
  const { code, stderr } = await cli(["serve", "--check", "--config", file]);
  expect(code).toBe(2);
  expect(stderr).toContain("dwcp.key_file");
  expect(stderr).toContain("dwcp.receive_folder");
});

test("names that lead out of the folder are no replicas", () => {
  for (const name of [
    "..",
    ".",
    "",
    "a/b",
    "../x",
    "a\\b",
    "a\0",
    ".dwcp",
    "a:b",
    "x".repeat(200),
  ]) {
    expect(isReplicaName(name)).toBe(false);
    expect(parseReplicaKey(`file:${name}`)).toBeUndefined();
  }
  expect(parseReplicaKey(formatReplicaKey({ form: "tree", name: "ä b" }))).toEqual({
    form: "tree",
    name: "ä b",
  });
  expect(parseReplicaKey("blob:x")).toBeUndefined();
  expect(lstatSync(replicas).isDirectory()).toBe(true);
});
