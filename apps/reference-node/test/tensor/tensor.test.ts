import { expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { connectAeron } from "@proj/aeron/node";
import { attachProducer } from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PNG } from "pngjs";
import { cli, cliJson, main, serve } from "../support/cli.js";
import { tempFolder } from "../support/temp-folder.js";

const native: Peer<true> =
  backend.kind === "native"
    ? { name: "native", found: true }
    : { name: "native", lack: backend.reason };

const poolFile = (baseDir: string): string => `
[shm]
base_dir = "${baseDir}"
[driver]
announce_stream_id = 1001
[policies]
announce_period_ms = 200
shutdown_timeout_ms = 50
cleanup_shm_on_exit = true
[profiles.small]
header_nslots = 64
payload_pools = [{ pool_id = 1, stride_bytes = 65536 }]
[streams.camera]
stream_id = 10000
profile = "small"
[streams.replayed]
stream_id = 10001
profile = "small"
`;

describeWith("tensor streams", native, () => {
  test("driver, watch, record, replay and view work on one stream of pictures", async () => {
    const folder = tempFolder();
    const baseDir = `/dev/shm/node-tensor-${process.pid}`;
    const aeronDir = `/dev/shm/node-tensor-aeron-${process.pid}`;
    mkdirSync(baseDir, { mode: 0o700 });
    writeFileSync(join(folder.path, "pool.toml"), poolFile(baseDir));
    const driver = await startDriver(["-c", join(folder.path, "pool.toml"), "-a", aeronDir]);
    const { client, close } = await connectAeron({ aeronDir });
    const producer = await attachProducer({ client, streamId: 10_000, allowedDirs: [baseDir] });
    await producer.mapped();
    const timer = setInterval(() => {
      const claim = producer.claim([8, 10, 3], "uint8");
      if (typeof claim === "number") return;
      claim.bytes.fill(0, 0, 240);
      claim.bytes[0] = 200;
      claim.commit();
    }, 5);
    const verb = (name: string): string[] => ["tensor", name, "-a", aeronDir, "--allow", baseDir];
    const out = (stream: number, file: string): string[] => [
      "-s",
      String(stream),
      "-o",
      file,
      "-n",
      "20",
    ];
    const from = (file: string): string[] => ["-s", "10001", "-i", file];
    const paced = ["-r", "50", "-l", "20"];
    const rec = join(folder.path, "frames.arrow");
    try {
      const watched = await cliJson(["tensor", "watch", "-a", aeronDir, "-c", "1", "-i", "800"]);
      expect(watched.document["streams"]).toMatchObject([
        { streamId: 10_000, producerId: producer.lease.clientId, nslots: 64, strides: [65_536] },
      ]);
      const [seen] = watched.document["streams"] as { frames: number }[];
      expect(seen?.frames).toBeGreaterThan(10);
      const png = join(folder.path, "frame.png");
      const viewed = await cliJson([...verb("view"), "-s", "10000", "-o", png]);
      expect(viewed.document).toMatchObject({ ok: true, width: 10, height: 8 });
      const picture = PNG.sync.read(readFileSync(png));
      expect([picture.width, picture.height, ...picture.data.subarray(0, 8)]).toEqual([
        10, 8, 200, 0, 0, 255, 0, 0, 0, 255,
      ]);
      const recorded = await cliJson([...verb("record"), ...out(10_000, rec)]);
      expect(recorded.document).toMatchObject({ ok: true, frames: 20, bytes: 20 * 240 });
      const again = join(folder.path, "again.arrow");
      const recording = cliJson([...verb("record"), ...out(10_001, again)]);
      const replayed = cliJson([...verb("replay"), ...from(rec), ...paced]);
      expect((await recording).document).toMatchObject({ frames: 20, bytes: 20 * 240 });
      expect((await replayed).document).toMatchObject({ ok: true, frames: 400, refused: 0 });
      const none = await cliJson([...verb("view"), "-s", "10000", "-o", "/nowhere/x"]);
      expect(none.code).toBe(1);
      const broken = await cliJson([...verb("replay"), ...from(main)]);
      expect(broken).toMatchObject({ code: 2, document: { error: { kind: "file" } } });
    } finally {
      clearInterval(timer);
      producer.close();
      close();
      await end(driver);
      folder.remove();
    }
    expect(readdirSync(baseDir)).toEqual([]);
    rmSync(baseDir, { recursive: true });
    expect(existsSync(aeronDir)).toBe(false);
  });

  test("`serve` runs the driver and discovery where its configuration says so", async () => {
    const folder = tempFolder();
    const baseDir = `/dev/shm/node-serve-${process.pid}`;
    const aeronDir = `/dev/shm/node-serve-aeron-${process.pid}`;
    mkdirSync(baseDir, { mode: 0o700 });
    writeFileSync(join(folder.path, "pool.toml"), poolFile(baseDir));
    const config = join(folder.path, "node.toml");
    writeFileSync(
      config,
      `listen = [{ url = "xcp://127.0.0.1:0" }]
admin.enabled = false
control.enabled = false
log.format = "json"
[tensor]
enabled = true
pool_file = "pool.toml"
aeron_dir = "${aeronDir}"
`,
    );
    const node = await serve(config);
    try {
      const { client, close } = await connectAeron({ aeronDir });
      const producer = await attachProducer({ client, streamId: 10_000, allowedDirs: [baseDir] });
      await producer.mapped();
      producer.close();
      const told = '"event":"node.tensor","what":"attached","streamId":10000';
      await until(() => node.log().includes(told), told);
      expect(node.log()).toContain(told);
      close();
    } finally {
      await node.end("SIGTERM");
      folder.remove();
    }
    expect(readdirSync(baseDir)).toEqual([]);
    rmSync(baseDir, { recursive: true });
    expect(existsSync(aeronDir)).toBe(false);
  });
});

test("everything that is wrong with a pool file is told, by serve and by the driver", async () => {
  const folder = tempFolder();
  const pool = join(folder.path, "pool.toml");
  writeFileSync(pool, "[shm]\nbase_dir = 3\n[policies]\nannounce_period_ms = 0\n");
  const config = join(folder.path, "node.toml");
  writeFileSync(
    config,
    'listen = [{ url = "xcp://127.0.0.1:0" }]\n[tensor]\nenabled = true\npool_file = "pool.toml"\n',
  );
  for (const args of [
    ["serve", "--check", "--config", config],
    ["tensor", "driver", "--check", "-c", pool],
  ]) {
    const { code, document } = await cliJson(args);
    expect(code).toBe(2);
    expect(document).toMatchObject({
      error: {
        kind: "config",
        problems: [
          { file: pool, field: "shm.base_dir" },
          { file: pool, field: "policies.announce_period_ms" },
        ],
      },
    });
  }
  folder.remove();
});

test("without native code a verb says in one line what is missing", async () => {
  const { code, stderr } = await cli(["tensor", "watch", "-c", "1"], {
    env: { NATIVE_IO: "portable" },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("tensor streams need memory that processes share");
});

async function startDriver(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, "tensor", "driver", "--json", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  expect(await gone).toEqual([0, null]);
}
