import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { askNode, connectControl, type ControlTarget } from "#src/control/control-client.js";
import type { JobReport, JobRun, JobsSnapshot } from "#src/jobs/job.js";
import { startTcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cli, cliJson, serve, type ServingNode } from "../support/cli.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

jest.setTimeout(180_000);

// Looking is work for the nodes too.
const seldom = { everyMs: 50 };

let folder: TempFolder;
let here: ServingNode | undefined;
// Each test has a state of its own.
let count = 0;
let there: ServingNode;
let keyFile: string;

beforeAll(async () => {
  folder = tempFolder();
  keyFile = join(folder.path, "dwcp.key");
  writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  there = await serve(config("there", ""));
});
beforeEach(() => {
  count += 1;
});
afterEach(async () => {
  await here?.end("SIGTERM");
  here = undefined;
});
afterAll(async () => {
  await there.end("SIGTERM");
  folder.remove();
});

function config(name: string, more: string): string {
  mkdirSync(join(folder.path, name), { recursive: true });
  return folder.write(
    `${name}.toml`,
    `
[[listen]]
url = "xcp://127.0.0.1:0"
[node]
name = "${name}"
[admin]
enabled = false
[control]
port = 0
token_file = "${name}.token"
[dwcp]
enabled = true
port = 0
key_file = "dwcp.key"
receive_folder = "${name}/replicas"
state_folder = "${name}/state-${count}"
max_streams = 4
management_port = 0
${more}`,
  );
}

function sites(url: string): string {
  return `[[dwcp.sites]]\nname = "paris"\nurl = "${url}"\n`;
}

function target(): ControlTarget {
  const token = readFileSync(join(folder.path, "here.token"), "utf8").trim();
  return { url: here?.control ?? "", token, timeoutMs: 10_000 };
}

function flags(): string[] {
  return ["--node", here?.control ?? "", "--token-file", join(folder.path, "here.token")];
}

function job(name: string): Promise<JobReport> {
  return askNode(target(), (control) => control.replication().job(name));
}

function sha(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function shows(name: string, source: string): Promise<void> {
  const replica = join(folder.path, "there", "replicas", name);
  await until(() => existsSync(replica) && sha(replica) === sha(source), name, seldom);
}

test("jobs of the configuration and of the control API bring every change, and are remembered", async () => {
  const first = folder.write("first.bin", "");
  const second = folder.write("second.bin", "");
  writeFileSync(first, randomBytes(400_000));
  writeFileSync(second, randomBytes(300_000));
  const configured = `[[dwcp.jobs]]\nname = "first"\nsource = "${first}"\nsite = "paris"\nevery_ms = 100\n`;
  const file = config("here", sites(there.dwcp) + configured);
  here = await serve(file);
  await shows("first", first);
  const added = await cliJson([
    "jobs",
    "--add",
    "second",
    "--source",
    second,
    "--site",
    "paris",
    "--every",
    "100",
    ...flags(),
  ]);
  expect(added.document).toMatchObject({ ok: true, job: { name: "second", origin: "control" } });
  await shows("second", second);
  await until(async () => (await job("second")).runs === 1, "its first run", seldom);
  const bytes = readFileSync(second);
  bytes.fill(7, 1_000, 1_100);
  // At once: half a file that is written would be a change of its own.
  writeFileSync(`${second}.new`, bytes);
  renameSync(`${second}.new`, second);
  await shows("second", second);
  await until(async () => (await job("second")).runs === 2, "its second run", seldom);
  const { document } = await cliJson(["jobs", "--runs", "second", ...flags()]);
  const runs = document["runs"] as JobRun[];
  expect(runs).toHaveLength(2);
  expect(runs[0]?.wireBytes).toBeLessThan(20_000);
  expect(runs[1]?.wireBytes).toBeGreaterThan(200_000);
  // A paused job stays so over a restart; what is no longer configured is gone.
  await cliJson(["jobs", "--pause", "second", ...flags()]);
  await here.end("SIGKILL");
  here = await serve(config("here", sites(there.dwcp)));
  const jobs = await askNode(target(), (control) => control.replication().jobs());
  expect(jobs).toMatchObject([{ name: "second", state: "paused", runs: 2 }]);
  writeFileSync(second, randomBytes(1_000));
  await sleep(300);
  expect((await job("second")).state).toBe("paused");
  await cliJson(["jobs", "--resume", "second", ...flags()]);
  await shows("second", second);
  const table = await cli(["jobs", ...flags()]);
  expect(table.stdout).toContain("paris");
  await cliJson(["jobs", "--remove", "second", ...flags()]);
  expect((await cli(["jobs", ...flags()])).stdout).toBe("There is no job.\n");
});

test("a node that is killed goes on with a job where it was", async () => {
  const proxy = await startTcpProxy({
    toPort: Number(new URL(there.dwcp).port),
    bytesPerSecond: 700_000,
  });
  try {
    const source = folder.write("big.bin", "");
    writeFileSync(source, randomBytes(7_000_000));
    const big = `[[dwcp.jobs]]\nname = "big"\nsource = "${source}"\nsite = "paris"\nevery_ms = 100\nlevel = 1\n`;
    const file = config("here", sites(`dwcp://127.0.0.1:${proxy.port}`) + big);
    here = await serve(file);
    const arrived = async (): Promise<number> => {
      const [first] = await askNode(target(), (control) => control.replication().jobs());
      return first?.arrivedBytes ?? 0;
    };
    // Something is durable at the other node.
    await until(async () => (await arrived()) > 1_500_000, "part of it", seldom);
    await sleep(1_500);
    await here.end("SIGKILL");
    here = await serve(file);
    await shows("big", source);
    await until(
      async () =>
        (await askNode(target(), (control) => control.replication().runs("big"))).length > 0,
      "its run",
      seldom,
    );
    const [run] = await askNode(target(), (control) => control.replication().runs("big"));
    expect(run?.wireBytes).toBeLessThan(6_500_000);
  } finally {
    await proxy.close();
  }
});

test("a site that is away is tried again; what is wrong with an order is said", async () => {
  const file = config("here", sites("dwcp://127.0.0.1:1"));
  here = await serve(file);
  const source = folder.write("x", "x");
  const add = (name: string, site: string): Promise<{ code: number | null; stderr: string }> =>
    cli(["jobs", "--add", name, "--source", source, "--site", site, ...flags()]);
  expect((await add("x", "nowhere")).stderr).toContain("there is no site nowhere");
  expect((await add("../x", "paris")).stderr).toContain("cannot be called");
  const missing = await cli([
    "jobs",
    "--add",
    "gone",
    "--source",
    "/no/such",
    "--site",
    "paris",
    ...flags(),
  ]);
  expect(missing.code).toBe(0);
  await until(async () => (await job("gone")).state === "retrying", "another try", seldom);
  expect((await job("gone")).reason).toContain("does not exist");
  expect((await cli(["jobs", "--pause", "nothing", ...flags()])).stderr).toContain(
    "no job nothing",
  );
});

test("programs steer jobs over Cap'n Web, and hear what cannot be", async () => {
  here = await serve(config("here", sites("dwcp://127.0.0.1:1")));
  const source = folder.write("y", "y");
  const connection = await connectControl(target());
  const jobs = connection.control.replication();
  try {
    expect(await jobs.sites()).toEqual([{ name: "paris", url: "dwcp://127.0.0.1:1" }]);
    expect(await jobs.jobs()).toEqual([]);
    const order = { name: "y", source, site: "paris", every_ms: 100, level: 3 };
    expect(await jobs.add(order)).toMatchObject({ name: "y", origin: "control", runs: 0 });
    const refused: readonly [PromiseLike<unknown>, string][] = [
      [jobs.add(order), "there is a job y already"],
      [jobs.add({ ...order, name: "../y" }), "cannot be called"],
      [jobs.add({ ...order, name: "z", every_ms: 1 }), "every_ms"],
      [jobs.add({ ...order, name: "z", more: true }), "more"],
      [jobs.add("nothing"), "control.invalid"],
      [jobs.job("z"), "there is no job z"],
      [jobs.pause("z"), "there is no job z"],
      [jobs.resume("z"), "there is no job z"],
      [jobs.remove("z"), "there is no job z"],
      [jobs.runs("z"), "there is no job z"],
      [jobs.runs("y", 0), "not 1 to 1000"],
      [jobs.runs("y", 1.5), "not 1 to 1000"],
      [jobs.runs("y", 1_001), "not 1 to 1000"],
    ];
    for (const [asked, said] of refused) {
      const error = (await Promise.resolve(asked).then(
        () => "it was done",
        (thrown: unknown) => thrown,
      )) as Error & { readonly code?: string };
      expect(`${error.code} ${error.message}`).toContain(said);
      expect(error.code).toMatch(/^control\.(invalid|no_such_job)$/);
    }
    expect(await jobs.pause("y")).toMatchObject({ state: "paused" });
    expect(await jobs.pause("y")).toMatchObject({ state: "paused" });
    expect((await jobs.resume("y")).state).not.toBe("paused");
    await jobs.remove("y");
    expect(await jobs.jobs()).toEqual([]);
  } finally {
    connection[Symbol.dispose]();
  }
  const stranger = { ...target(), token: "0".repeat(64) };
  await expect(askNode(stranger, (control) => control.replication().jobs())).rejects.toMatchObject({
    code: "control.denied",
  });
});

test("who watches jobs hears of all, of each change and of those that go, and no more after that", async () => {
  here = await serve(config("here", sites("dwcp://127.0.0.1:1")));
  const source = folder.write("z", "z");
  const connection = await connectControl(target());
  const seen: JobsSnapshot[] = [];
  const states = (): readonly string[] =>
    seen.flatMap(({ changed, removed }) => [
      ...changed.map(({ name, state }) => `${name} ${state}`),
      ...removed.map((name) => `${name} removed`),
    ]);
  try {
    const jobs = connection.control.replication();
    const watch = await jobs.watch((snapshot: JobsSnapshot) => void seen.push(snapshot), {
      intervalMs: 50,
    });
    await until(() => seen.length === 1, "the first snapshot", seldom);
    expect(seen[0]).toMatchObject({ sequence: 1, changed: [], removed: [] });
    await jobs.add({ name: "z", source, site: "paris", every_ms: 100 });
    await until(() => states().includes("z running"), "the job", seldom);
    await jobs.pause("z");
    await until(() => states().at(-1) === "z paused", "its pause", seldom);
    const told = seen.length;
    await sleep(300);
    expect(seen.length).toBe(told);
    await jobs.remove("z");
    await until(() => states().at(-1) === "z removed", "its end", seldom);
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, i) => i + 1));
    for (const intervalMs of [49, 3_600_001, Number.NaN]) {
      const refused = Promise.resolve(jobs.watch(() => undefined, { intervalMs }));
      await expect(refused).rejects.toMatchObject({ code: "control.invalid" });
    }
    watch[Symbol.dispose]();
    await jobs.add({ name: "z", source, site: "paris" });
    await sleep(300);
    expect(states().at(-1)).toBe("z removed");
  } finally {
    connection[Symbol.dispose]();
  }
  const { stdout } = await cli(["jobs", "--watch", "--count", "1", "--json", ...flags()]);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, snapshot: { changed: [{ name: "z" }] } });
  const lines = await cli(["jobs", "--watch", "--count", "1", ...flags()]);
  expect(lines.stdout).toMatch(/^\S+Z {2}z {2}\w+ {2}0 runs.*\n$/);
});

test("a node without DWCP says that it has no jobs", async () => {
  const plain = folder.write(
    "here.toml",
    '[[listen]]\nurl = "xcp://127.0.0.1:0"\n[admin]\nenabled = false\n[control]\nport = 0\ntoken_file = "here.token"\n',
  );
  here = await serve(plain);
  await expect(askNode(target(), (control) => control.replication().jobs())).rejects.toMatchObject({
    code: "control.no_replication",
  });
  const { code, stderr } = await cli(["jobs", ...flags()]);
  expect([code, stderr.includes("has no [dwcp]")]).toEqual([1, true]);
  const watching = await cliJson(["jobs", "--watch", ...flags()]);
  expect(watching).toMatchObject({
    code: 1,
    document: { error: { kind: "control", code: "control.no_replication" } },
  });
});

test.each([
  ["--add and --watch are two orders", "--add", "x", "--source", "y", "--site", "z", "--watch"],
  ["--add and --pause are two orders", "--pause", "a", "--add", "b", "--source", "y"],
  ["--count belongs to --watch", "--count", "3"],
  ["--most belongs to --runs", "--watch", "--most", "3"],
  ["--add needs --source", "--add", "x", "--site", "z"],
  ["--add needs --site", "--add", "x", "--source", "y"],
  ["milliseconds from 50 to 3600000", "--watch", "--interval", "49"],
])("jobs passes no order over: %s", async (said, ...line) => {
  const { code, stderr } = await cli(["jobs", ...line]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});

test("the configuration lists everything that is wrong with sites, jobs and settings", async () => {
  folder.write("dwcp.yaml", "transport:\n  minStreams: 0\n  nonsense: 1\n");
  const wrong = `settings_file = "dwcp.yaml"
[[dwcp.sites]]
name = "a"
url = "http://x"
[[dwcp.jobs]]
name = "../x"
source = "/x"
site = "b"
`;
  const { code, stderr } = await cli(["serve", "--check", "--config", config("wrong", wrong)]);
  expect(code).toBe(2);
  for (const part of [
    "dwcp.sites[0].url",
    "dwcp.jobs[0].name",
    "dwcp.jobs[0].site",
    "minStreams",
    "nonsense",
  ]) {
    expect(stderr).toContain(part);
  }
});

test("serve offers the management interface that its configuration names", async () => {
  folder.write("dwcp.yaml", "compression:\n  level: 5\n");
  here = await serve(config("here", 'settings_file = "dwcp.yaml"\n'));
  const { document } = await cliJson(["dwcp", "config", "--url", here.management]);
  expect(document).toMatchObject({
    ok: true,
    answer: { node: { id: "here" }, compression: { level: 5 } },
  });
  const health = await fetch(`${here.management}/health/ready`);
  expect(health.status).toBe(200);
});

test("migrate moves an image that a process writes to, and stops that process first", async () => {
  const image = join(folder.path, "guest.img");
  writeFileSync(image, randomBytes(2_000 * 4_096));
  const writer = spawn(process.execPath, ["-e", WRITER, image], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(writer.stdout as NodeJS.ReadableStream as never, "data");
  try {
    const to = (url: string): string[] => ["migrate", image, "--to", url, "--key", keyFile];
    const [pause, resume] = [`kill -STOP ${writer.pid}`, `kill -CONT ${writer.pid}`];
    const steering = ["--pause", pause, "--resume", resume, "--downtime", "3000"];
    const { document, stderr } = await cliJson([...to(there.dwcp), ...steering]);
    expect(stderr).toBe("");
    expect(document).toMatchObject({ ok: true, name: "guest.img" });
    expect((document["rounds"] as object[]).length).toBeGreaterThan(1);
    expect(sha(join(folder.path, "there", "replicas", "guest.img"))).toBe(sha(image));
    await sleep(100);
    const stopped = sha(image);
    const nobody = to("dwcp://127.0.0.1:1");
    const nothing = ["--pause", "true", "--resume", "true", "--timeout", "500"];
    const failed = await cliJson([...nobody, ...nothing]);
    expect(failed.document).toMatchObject({ ok: false });
    expect(sha(image)).toBe(stopped);
  } finally {
    await ended(writer);
  }
});

const WRITER = `
const fs = require("node:fs");
const { randomBytes } = require("node:crypto");
const file = fs.openSync(process.argv[1], "r+");
setInterval(() => fs.writeSync(file, randomBytes(200), 0, 200, Math.floor(Math.random() * 2000) * 4096), 3);
console.log("ready");
`;

async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
}
