import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { command, describeWith } from "@proj/peers";
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
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { cli, cliJson, main } from "../support/cli.js";
import { ReplicaNode, sha } from "../support/replica-node.js";

// Every state is synced to disk several times.
jest.setTimeout(180_000);

const replica = new ReplicaNode();
const { folder, keyFile, replicas, state } = replica;

beforeAll(() => replica.start());
afterAll(() => replica.close());

test("a file arrives, and later what changed of it", async () => {
  const source = join(folder.path, "model.bin");
  const bytes = randomBytes(6_000_000);
  writeFileSync(source, bytes);
  expect(await replica.replicate(source)).toMatchObject({ rawBytes: bytes.length, hadBase: false });
  expect(sha(join(replicas, "model.bin"))).toBe(sha(source));
  bytes.fill(3, 2_000_000, 2_020_000);
  writeFileSync(source, bytes);
  const { document: told } = await cliJson(replica.args(source, "--dry-run"));
  expect(told).toMatchObject({ ok: true, dryRun: true, hadBase: true, rawBytes: bytes.length });
  expect(sha(join(replicas, "model.bin"))).not.toBe(sha(source));
  const second = await replica.replicate(source);
  expect(second.hadBase).toBe(true);
  expect(second.wireBytes).toBeLessThan(60_000);
  expect(Math.abs(second.wireBytes - (told["wireBytes"] as number))).toBeLessThan(10_000);
  expect(sha(join(replicas, "model.bin"))).toBe(sha(source));
});

test("standard input arrives whatever its length, and later what changed of it", async () => {
  const bytes = randomBytes(3_000_001);
  const pipe = async (input: Uint8Array) =>
    (await cliJson(replica.args("-", "--name", "stream.bin"), { input })).document;
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
  const nameless = await cli(replica.args("-"));
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
  await replica.replicate(source);
  const there = join(replicas, "site");
  expect(readdirSync(there).toSorted()).toEqual(["@odd", "deep", "empty", "link", "run.sh"]);
  expect(readlinkSync(join(there, "link"))).toBe("deep/er");
  expect(statSync(join(there, "run.sh")).mode & 0o111).not.toBe(0);
  const odd = "ünïcode @ name";
  expect(sha(join(there, "link", odd))).toBe(sha(join(source, "deep", "er", odd)));
  rmSync(join(source, "run.sh"));
  writeFileSync(join(source, "new"), "new");
  const second = await replica.replicate(source);
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
  await replica.replicate(source);
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
    const refused = await cli(replica.args(source));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`leads out of the folder, to ${target}`);
    expect(existsSync(join(replicas, `out ${target.length}`))).toBe(false);
  },
);

test("an image arrives; what nobody wrote costs nothing", async () => {
  const source = join(folder.path, "disk.img");
  writeFileSync(source, randomBytes(200_000));
  truncateSync(source, 80_000_000);
  const round = await replica.replicate(source, "--as", "image");
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
    await replica.replicate(source);
    // A transaction that is open while the snapshot is taken is no part of it.
    const writer = spawn("sqlite3", ["-batch", source], { stdio: ["pipe", "pipe", "inherit"] });
    writer.stdin.write(
      "UPDATE t SET text = 'paid' WHERE id % 400 = 0; BEGIN; DELETE FROM t; SELECT 'open';\n",
    );
    await once(writer.stdout, "data");
    const second = await replica.replicate(source);
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
    const to = ["--to", replica.node.dwcp, "--key", keyFile, "--state", state];
    const { code, stderr } = await cli(["replicate", source, "--as", "sqlite", ...to]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^SQLite cannot back up .*no database: file is not a database\n/);
  });
});

test("--watch replicates every change until a signal", async () => {
  const source = join(folder.path, "watched");
  writeFileSync(source, "one");
  const child = spawn(
    process.execPath,
    [main, ...replica.args(source, "--watch", "--every", "100")],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
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
