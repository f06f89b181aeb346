import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { QmpMonitor } from "@proj/dwcp/node";
import { command, describeWith } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cli, cliJson, serve, type ServingNode } from "../support/cli.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

jest.setTimeout(120_000);

const MEMORY_BYTES = 16 * 1_048_576;

let folder: TempFolder;
let there: ServingNode;
let keyFile: string;

beforeAll(async () => {
  folder = tempFolder();
  keyFile = join(folder.path, "dwcp.key");
  writeFileSync(keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  mkdirSync(join(folder.path, "replicas"));
  const config = `
[[listen]]
url = "xcp://127.0.0.1:0"
[admin]
enabled = false
[dwcp]
enabled = true
port = 0
key_file = "dwcp.key"
receive_folder = "replicas"
max_streams = 4
`;
  there = await serve(folder.write("there.toml", config));
});

afterAll(async () => {
  await there.end("SIGTERM");
  folder.remove();
});

function migrate(...more: readonly string[]): readonly string[] {
  return ["migrate", ...more, "--to", there.dwcp, "--key", keyFile];
}

test("migrate wants to know what is moved, and who stops it", async () => {
  const image = folder.write("image", "x".repeat(4_096));
  const told = async (...more: readonly string[]): Promise<string> => {
    const { code, stderr } = await cli(migrate(...more));
    expect(code).toBe(2);
    return stderr;
  };
  expect(await told(image)).toContain("--pause and --resume, or --qmp");
  expect(await told("--name", "x")).toContain("name an image, or a machine by --qmp");
  expect(await told("--qmp", "/tmp/x")).toContain("--name");
  expect(await told(image, "--qmp", "/tmp/x", "--pause", "true")).toContain("leave the other");
  expect(await told(image, "--pause", "a", "--resume", "b", "--when-stuck", "throttle")).toContain(
    "--throttle",
  );
  const { code, stderr } = await cli(migrate(image, "--qmp", join(folder.path, "none")));
  expect(code).toBe(1);
  expect(stderr).toContain("ENOENT");
});

describeWith("migrate --qmp", command("qemu-system-x86_64"), (qemu) => {
  test("moves a machine's memory by its monitor, and its image", async () => {
    const [socket, image] = [join(folder.path, "qmp"), join(folder.path, "ram")];
    const given = "-machine pc,memory-backend=m -accel tcg -m 16 -nodefaults -display none";
    const backend = `memory-backend-file,id=m,size=16M,share=on,mem-path=${image}`;
    const args = [...given.split(" "), "-object", backend, "-qmp"];
    const machine = spawn(qemu, [...args, `unix:${socket},server=on,wait=off`], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const gone = once(machine, "exit");
    try {
      await until(() => existsSync(socket), "QEMU's monitor", { everyMs: 20 });
      const steered = ["--qmp", socket, "--max-rounds", "3", "--downtime", "5000"];
      const ofMemory = await cliJson(migrate("--name", "guest.mem", ...steered));
      expect(ofMemory.document).toMatchObject({ ok: true, rawBytes: MEMORY_BYTES });
      expect(await statusOf(socket)).toMatchObject({ running: false });
      const ofImage = await cliJson(migrate(image, "--name", "ram.img", ...steered));
      expect(ofImage.document).toMatchObject({ ok: true, rawBytes: MEMORY_BYTES });
      const replica = readFileSync(join(folder.path, "replicas", "ram.img"));
      expect(replica.equals(readFileSync(image))).toBe(true);
    } finally {
      machine.kill("SIGKILL");
      await gone;
    }
  });
});

async function statusOf(path: string): Promise<unknown> {
  const monitor = await QmpMonitor.connect({ path });
  try {
    return await monitor.execute("query-status");
  } finally {
    monitor.close();
  }
}
