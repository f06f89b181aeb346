import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EmbeddedDriver, startEmbeddedDriver } from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { configCommands } from "#src/io/tools/config-commands.js";
import { discoveryCommands } from "#src/io/tools/discovery-commands.js";
import { driverCommands } from "#src/io/tools/driver-commands.js";
import { leaseCommands } from "#src/io/tools/lease-commands.js";
import { listenCommands } from "#src/io/tools/listen-commands.js";
import { regionCommands } from "#src/io/tools/region-commands.js";
import { runTool } from "#src/io/tools/run-tool.js";
import { streamCommands } from "#src/io/tools/stream-commands.js";
import { native } from "../support/native.js";

const commands = [
  ...driverCommands,
  ...leaseCommands,
  ...discoveryCommands,
  ...streamCommands,
  ...listenCommands,
  ...regionCommands,
  ...configCommands,
];

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly json: Record<string, unknown>[];
}

function start(...args: string[]): { ran: Promise<Ran>; stop: () => void; out: () => string } {
  const controller = new AbortController();
  const said = { out: "", err: "" };
  const ran = runTool("tp_tool", commands, args, {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    signal: controller.signal,
  }).then((code) => ({
    code,
    ...said,
    json: args.includes("--json")
      ? said.out
          .trim()
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Record<string, unknown>)
      : [],
  }));
  return {
    ran,
    out: () => said.out,
    stop: () => {
      controller.abort();
    },
  };
}

function run(...args: string[]): Promise<Ran> {
  return start(...args).ran;
}

describe("§23: every tool", () => {
  test.each(commands.map(({ name }) => name))("%s has help", async (name) => {
    const { code, out } = await run(name, "--help");
    expect(code).toBe(0);
    expect(out).toContain(`Usage: tp_tool ${name}`);
    expect(out).toContain("--json");
  });

  test("is of the list that the specification has", () => {
    const spec = readFileSync(
      join(import.meta.dirname, "../../../../docs/spec/tensor-pool.md"),
      "utf8",
    );
    const text = /Umbrella `tp_tool` subcommands: ([^.]*)\./.exec(spec)?.[1] ?? "";
    const wanted = text.replaceAll(/\(alias (\w+)\)/g, ", $1").split(/[,\s]+/);
    const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(wanted.filter((name) => name !== "" && !names.includes(name))).toEqual([]);
  });

  test("ends with 2 where it was called wrongly, and says how to call it", async () => {
    expect(await run()).toMatchObject({ code: 2, out: "" });
    expect(await run("nonsense")).toMatchObject({ code: 2 });
    const wrong = await run("stats", "--nonsense");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("Usage: tp_tool stats");
    expect((await run("validate-uri")).code).toBe(2);
    expect((await run("produce", "--rate", "x")).code).toBe(2);
    expect((await run("--help")).code).toBe(0);
  });
});

test("validate-uri", async () => {
  const uri = "shm:file?path=/dev/shm/x";
  expect((await run("validate-uri", uri, "--json")).json).toEqual([
    { valid: true, kind: "file", path: "/dev/shm/x", requireHugepages: false },
  ]);
  const bad = await run("validate-uri", "shm:file?p=/x", "--json");
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.err)).toMatchObject({ error: "wire.invalid_uri" });
});

describe("configurations", () => {
  const folder = mkdtempSync(join(tmpdir(), "tools-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("are checked, and shown without their token", async () => {
    const good = join(folder, "good.toml");
    writeFileSync(
      good,
      [
        "[driver]",
        'instance_id = "d"',
        "[policies]",
        'shutdown_token = "secret"',
        "[profiles.p]",
        "header_nslots = 8",
        "payload_pools = [{ pool_id = 1, stride_bytes = 4096 }]",
        "[streams.s]",
        "stream_id = 10000",
        'profile = "p"',
      ].join("\n"),
    );
    expect((await run("driver-config-validate", "-c", good)).out).toBe("valid\n");
    const dump = await run("driver-config-dump", good, "--json");
    expect(dump.out).not.toContain("secret");
    expect(dump.json[0]).toMatchObject({ driver: { instance_id: "d", qos_stream_id: 1_200 } });
    const bad = join(folder, "bad.toml");
    writeFileSync(bad, '[shm]\npermissions_mode = "9"\n');
    expect(await run("driver-config-validate", bad)).toMatchObject({ code: 1 });
    expect((await run("driver-config-dump", bad)).code).toBe(1);
  });
});

describeWith("tools on shared memory", native, () => {
  const baseDir = mkdtempSync("/dev/shm/tools-");
  const aeronDir = join(baseDir, "aeron");
  let aeron: EmbeddedDriver;

  beforeAll(async () => {
    aeron = await startEmbeddedDriver({ aeronDir });
  });
  afterAll(async () => {
    await aeron.stop();
    rmSync(baseDir, { recursive: true, force: true });
  });

  test("a region is made, checked and looked at", async () => {
    const pool = ["-r", "pool", "-s", "5", "-e", "9", "-N", "4", "-S", "128"];
    const made = await run("shm-create", "-b", baseDir, ...pool);
    expect(made.code).toBe(0);
    const uri = made.out.trim();
    const superblock = await run("read-superblock", uri, "-a", baseDir, "--json");
    expect(superblock.json[0]).toMatchObject({ streamId: 5, epoch: "9", nslots: 4 });
    expect((await run("shm-validate", uri, "-a", baseDir)).code).toBe(0);
    expect((await run("shm-summary", uri, "-a", baseDir)).out).toContain("pool of stream 5");
    expect((await run("read-header", uri, "-a", baseDir)).code).toBe(2);
    expect((await run("shm-validate", uri, "-a", "/tmp")).code).toBe(1);
    const twice = await run("shm-create", "-b", baseDir, "-e", "9", "-s", "5", "-N", "3");
    expect(twice.code).toBe(2);
    expect((await run("shm-create", "-b", baseDir, ...pool, "-l", "2")).code).toBe(2);
  });

  test("frames are produced, consumed, counted and looked at", async () => {
    const common = ["-a", aeronDir, "-b", baseDir, "--direct", "-s", "77"];
    const producer = start("produce", ...common, "--rate", "500", "--bytes", "100", "--json");
    const consumed = await run("consume", ...common, "-n", "20", "--json");
    expect(consumed.code).toBe(0);
    expect(consumed.json).toHaveLength(20);
    expect(consumed.json[3]).toMatchObject({ dtype: "uint8", dims: [100], bytes: 100 });
    process.env["TP_LOG_LEVEL"] = "2";
    const told = await run("consume", ...common, "-n", "1", "--json");
    expect(told.err).toMatch(/^{"level":"info","event":"mapped","streamId":77,"epoch":"\d+"}$/m);
    process.env["TP_LOG_LEVEL"] = "loud";
    expect((await run("consume", ...common, "-n", "1")).code).toBe(2);
    delete process.env["TP_LOG_LEVEL"];
    // The first second may be over before the stream is announced.
    const stats = await run("stats", ...common, "-n", "2", "--json");
    expect(stats.json).toHaveLength(2);
    expect(Number(stats.json[1]?.["framesPerSecond"])).toBeGreaterThan(0);
    const [announce] = (
      await run("announce-listen", "-a", aeronDir, "-s", "1001", "-n", "1", "--json")
    ).json;
    expect(announce).toMatchObject({ message: "shmPoolAnnounce", streamId: 77 });
    const uri = String(announce?.["headerRegionUri"]);
    const inspected = await run("shm-inspect", uri, "-a", baseDir, "--json");
    expect(inspected.json.length).toBeGreaterThan(10);
    expect((await run("read-header", uri, "-a", baseDir, "-s", "1")).out).toContain("dtype: uint8");
    const raw = await run("descriptor-listen", "-a", aeronDir, "-n", "1", "-r", "--json");
    expect(raw.json[0]).toMatchObject({ message: "frameDescriptor", streamId: 77 });
    expect(raw.err).toMatch(/^message 48 40 4 900 1 [0-9a-f]+$/m);
    const isSeen = async (): Promise<boolean> =>
      (await run("driver-status", "-a", aeronDir, "--for", "1500")).code === 0;
    await until(isSeen, "the producer to be seen");
    producer.stop();
    expect((await producer.ran).json[0]).toHaveProperty("published");
  });

  test("a driver is run, asked for a lease and given it back, and stops", async () => {
    const config = join(baseDir, "config.toml");
    writeFileSync(
      config,
      [
        "[driver]",
        `aeron_dir = "${aeronDir}"`,
        "control_stream_id = 1000",
        "announce_stream_id = 1001",
        "[shm]",
        `base_dir = "${baseDir}"`,
        "[policies]",
        "shutdown_timeout_ms = 50",
        // A busy machine may take seconds for what is asked by a lease.
        "lease_expiry_grace_intervals = 30",
        "[profiles.p]",
        "header_nslots = 8",
        "payload_pools = [{ pool_id = 1, stride_bytes = 4096 }]",
        "[streams.s]",
        "stream_id = 10000",
        'profile = "p"',
      ].join("\n"),
    );
    process.env["TP_LOG_LEVEL"] = "2";
    const driver = start("driver", "-c", config);
    delete process.env["TP_LOG_LEVEL"];
    await until(() => driver.out().includes("ready"), "the driver to be ready");
    const lease = ["-a", aeronDir, "-s", "10000", "-i", "9", "--timeout", "20000"];
    const attached = await run("driver-attach", ...lease, "--json");
    expect(attached.json[0]).toMatchObject({ code: 0, streamId: 10_000 });
    const leaseId = String(attached.json[0]?.["leaseId"]);
    expect((await run("driver-keepalive", ...lease, "-l", leaseId)).code).toBe(0);
    expect((await run("driver-detach", ...lease, "-l", leaseId)).code).toBe(0);
    expect((await run("driver-detach", ...lease, "-l", leaseId)).code).toBe(1);
    const producing = start("produce", "-a", aeronDir, "-b", baseDir, "--rate", "500");
    const listed = async (what: string): Promise<Ran["json"]> => {
      for (;;) {
        // What is announced each second may take longer on a machine that is busy.
        const { json } = await run(what, "-a", aeronDir, "--json");
        if (json.length > 0) return json;
      }
    };
    const streams = await listed("driver-list-streams");
    expect(streams.map(({ streamId }) => streamId)).toContain(10_000);
    const [held] = await listed("driver-list-leases");
    expect(held).toMatchObject({ streamId: 10_000, role: "producer" });
    producing.stop();
    expect((await producing.ran).code).toBe(0);
    const counters = await run("driver-counters", "-a", aeronDir);
    expect(counters.out).toMatch(/^tensor-pool driver driver-01 attaches: [1-9]/m);
    driver.stop();
    const { code, err } = await driver.ran;
    expect(code).toBe(0);
    expect(err).toMatch(/^info attached streamId=10000 clientId=9 /m);
    expect(err).toMatch(/^info stopped /m);
    expect(readdirSync(baseDir)).toContain("aeron");
  });

  test("a config is sent, and listened to", async () => {
    const listening = start("control-listen", "-a", aeronDir, "-C", "1010", "-n", "1", "--json");
    const send = [
      "send-consumer-config",
      "-a",
      aeronDir,
      "-s",
      "5",
      "-i",
      "8",
      "-C",
      "1010",
      "--no-shm",
    ];
    await until(async () => (await run(...send)).code === 0, "somebody to send it to");
    expect((await listening.ran).json[0]).toMatchObject({
      message: "consumerConfig",
      consumerId: 8,
      useShm: 0,
    });
    expect((await run("send-consumer-config", "-a", aeronDir)).code).toBe(2);
  });

  test("where nobody answers, it says so", async () => {
    const query = await run("discovery-query", "-a", aeronDir, "--timeout", "50", "--json");
    expect(query.code).toBe(1);
    expect(JSON.parse(query.err)).toMatchObject({ error: "tensor_pool.discovery_timeout" });
    expect((await run("bridge-status", "-a", aeronDir, "--for", "50")).code).toBe(1);
    expect((await run("stats", "-a", join(baseDir, "none"), "-n", "1")).code).toBe(1);
  });
});
