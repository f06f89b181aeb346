import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type DwcpNode,
  type MigrationRound,
  QemuSource,
  QmpMonitor,
  startDwcpNode,
} from "@proj/dwcp/node";
import { command, describeWith } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killed, nodeProgram, portOf, start } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const MEMORY_BYTES = 32 * 1_048_576;

/** A boot sector: it adds 1 to 1024 words between 128 and 192 KiB at each tick of the timer. */
const BUSY_SECTOR = [
  0xb8, 0x00, 0x20, 0x8e, 0xc0, 0x31, 0xff, 0xfb, 0x26, 0xff, 0x05, 0x83, 0xc7, 0x40, 0x75, 0xf8,
  0xf4, 0xeb, 0xf5,
];

describeWith("B15: a machine of QEMU", command("qemu-system-x86_64"), (qemu) => {
  let folder: string;
  let machine: ChildProcess;
  let monitor: QmpMonitor;
  let receiver: ChildProcess;
  let sender: DwcpNode;
  let peer: { readonly host: string; readonly port: number };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-qemu-"));
    ({ machine, monitor } = await boot("first"));
    receiver = start(nodeProgram, ["receive", "0", join(folder, "store")]);
    peer = { host: "127.0.0.1", port: await portOf(receiver) };
    sender = await startDwcpNode({
      nodeId: "sender",
      security: { mode: "psk", key: testKey },
      streams: { minStreams: 1, initialStreams: 2, maxStreams: 4 },
      workers: 1,
    });
    await busy(monitor);
  });

  afterEach(async () => {
    monitor.close();
    await sender.close();
    await killed(receiver);
    await killed(machine);
    rmSync(folder, { recursive: true, force: true });
  });

  async function boot(name: string): Promise<{ machine: ChildProcess; monitor: QmpMonitor }> {
    const disk = Buffer.alloc(1_048_576);
    Buffer.from(BUSY_SECTOR).copy(disk);
    disk.writeUInt16BE(0x55aa, 510);
    writeFileSync(join(folder, `${name} disk`), disk);
    const path = join(folder, name);
    const given = "-machine pc -accel tcg -m 32 -nodefaults -display none".split(" ");
    const drive = `file=${join(folder, `${name} disk`)},format=raw,if=ide`;
    given.push("-drive", drive, "-qmp", `unix:${path},server=on,wait=off`);
    const started = spawn(qemu, given, { stdio: ["ignore", "inherit", "inherit"] });
    await until(() => answers(path), "QEMU's monitor", { everyMs: 20 });
    return { machine: started, monitor: await QmpMonitor.connect({ path }) };
  }

  // The firmware takes its time.
  async function busy(of: QmpMonitor): Promise<void> {
    const isBusy = async () => (await words(of)).some((word) => word > 1);
    await until(isBusy, "the guest to run", { everyMs: 50 });
  }

  /** The file is there a moment before anybody listens at it. */
  async function answers(path: string): Promise<boolean> {
    const trying = connect(path);
    try {
      await once(trying, "connect");
      return true;
    } catch {
      return false;
    } finally {
      trying.destroy();
    }
  }

  /** What QEMU itself says is in the memory. */
  async function memory(address: number, length: number, of = monitor): Promise<Buffer> {
    const filename = join(folder, "seen");
    await of.execute("pmemsave", { val: address, size: length, filename });
    return readFileSync(filename);
  }

  async function words(of = monitor): Promise<readonly number[]> {
    const bytes = await memory(0x20000, 0x10000, of);
    return Array.from({ length: 1_024 }, (_, i) => bytes.readUInt16LE(i * 64));
  }

  /** The newest state that the receiver stored. */
  function arrived(key: string): Buffer {
    const kept = join(folder, "store", "objects", key);
    const names = readdirSync(kept).filter((name) => name.endsWith(".bin"));
    return readFileSync(join(kept, names.toSorted().at(-1) ?? ""));
  }

  test("runs while its memory goes, and arrives as it was when it stood still", async () => {
    const source = await QemuSource.open(monitor, { folder });
    expect(source.pageCount).toBe(MEMORY_BYTES / 4_096);
    const rounds: MigrationRound[] = [];
    const result = await sender.migrate(peer, {
      key: "guest",
      source,
      goal: { downtimeMs: 1, maxRounds: 4, whenStuck: "throttle" },
      folder,
      progress: (round) => rounds.push(round),
    });
    await source.close();
    expect(await monitor.execute("query-status")).toMatchObject({ running: false });
    expect(result.rawBytes).toBe(MEMORY_BYTES);
    expect(sha256(arrived("guest"))).toBe(sha256(await memory(0, MEMORY_BYTES)));
    // The sixteen pages that the guest writes to were sent again, and little else.
    expect(rounds.length).toBeGreaterThan(2);
    expect(rounds[0]?.dirtyBytes).toBe(MEMORY_BYTES);
    for (const { dirtyBytes } of rounds.slice(1)) {
      expect(dirtyBytes).toBeGreaterThanOrEqual(16 * 4_096);
      expect(dirtyBytes).toBeLessThan(MEMORY_BYTES / 8);
    }
  });

  test("moves beside another one: each arrives as it was when it stood still", async () => {
    const other = await boot("second");
    try {
      await busy(other.monitor);
      const rounds: string[] = [];
      const move = async (key: string, of: QmpMonitor): Promise<void> => {
        const moved = join(folder, key);
        mkdirSync(moved);
        const source = await QemuSource.open(of, { folder: moved });
        const goal = { downtimeMs: 1, maxRounds: 4, whenStuck: "throttle" } as const;
        const progress = (): void => void rounds.push(key);
        await sender.migrate(peer, { key, source, goal, folder: moved, progress });
        await source.close();
      };
      await Promise.all([move("one", monitor), move("two", other.monitor)]);
      // Neither waited for the other to end.
      expect(rounds.indexOf("two")).toBeLessThan(rounds.lastIndexOf("one"));
      expect(rounds.indexOf("one")).toBeLessThan(rounds.lastIndexOf("two"));
      for (const [key, of] of [
        ["one", monitor],
        ["two", other.monitor],
      ] as const) {
        expect(await of.execute("query-status")).toMatchObject({ running: false });
        expect(sha256(arrived(key))).toBe(sha256(await memory(0, MEMORY_BYTES, of)));
      }
    } finally {
      other.monitor.close();
      await killed(other.machine);
    }
  });

  test("runs on when its migration is given up", async () => {
    const source = await QemuSource.open(monitor, { folder });
    const abort = new AbortController();
    const moving = sender.migrate(peer, {
      key: "guest",
      source,
      goal: { downtimeMs: 1, maxRounds: 1_000, whenStuck: "throttle" },
      folder,
      signal: abort.signal,
      progress: ({ round }) => {
        if (round === 4) abort.abort();
      },
    });
    await expect(moving).rejects.toMatchObject({ code: "dwcp.cancelled" });
    await source.close();
    expect(await monitor.execute("query-status")).toMatchObject({ running: true });
    const before = await words();
    await until(async () => (await words()).every((word, i) => word !== before[i]), "the guest", {
      everyMs: 50,
    });
  });

  test("that ends while it is moved fails the migration, and is not said to run", async () => {
    const source = await QemuSource.open(monitor, { folder });
    const moving = sender.migrate(peer, {
      key: "guest",
      source,
      goal: { downtimeMs: 1, maxRounds: 1_000, whenStuck: "abort" },
      folder,
      progress: () => void machine.kill("SIGKILL"),
    });
    await expect(moving).rejects.toMatchObject({ code: "dwcp.source_changed" });
    await source.close();
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
