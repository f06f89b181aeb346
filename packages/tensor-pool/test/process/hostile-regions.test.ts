import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backend, type ShmFolders } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import type { MappedStream, StreamLayout } from "@proj/tensor-pool";
import { type CreatedRegions, createRegions, mapRegions } from "@proj/tensor-pool/node";
import { native } from "../support/native.js";

const STREAM = 10_000;
const NSLOTS = 8;
const EPOCH = 9n;
const root = process.getuid?.() === 0;

describeWith("§26.6: regions that are not what was announced", native, () => {
  const baseDir = `/dev/shm/tensor-hostile-${process.pid}`;
  let folders: ShmFolders;
  let regions: CreatedRegions;
  let layout: StreamLayout;

  beforeEach(() => {
    mkdirSync(join(baseDir, "in"), { recursive: true, mode: 0o700 });
    folders = backend.shm.allow([join(baseDir, "in")]);
    regions = createRegions(folders, {
      baseDir: join(baseDir, "in"),
      user: "u",
      namespace: "n",
      streamId: STREAM,
      epoch: EPOCH,
      nslots: NSLOTS,
      pools: [
        { poolId: 1, strideBytes: 4_096 },
        { poolId: 2, strideBytes: 8_192 },
      ],
      nowNs: 1n,
      pid: process.pid,
    });
    layout = {
      streamId: STREAM,
      producerId: 1,
      epoch: EPOCH,
      announceTimestampNs: 1n,
      clock: "monotonic",
      nslots: NSLOTS,
      ring: regions.ring,
      pools: regions.pools,
    };
  });
  afterEach(() => {
    regions.stream.unmap();
    folders.close();
    rmSync(baseDir, { recursive: true, force: true });
  });

  function map(changed: Partial<StreamLayout> = {}): MappedStream {
    return mapRegions(folders, { ...layout, ...changed });
  }

  function refused(changed: Partial<StreamLayout> = {}): unknown {
    try {
      map(changed).unmap();
      return "mapped";
    } catch (error) {
      const { code, details } = error as { code?: string; details?: Record<string, unknown> };
      return details?.["check"] ?? code;
    }
  }

  function at(path: string): Partial<StreamLayout> {
    return { ring: { kind: "file", path, requireHugepages: false } };
  }

  test("what is right is mapped, and a refusal leaves nothing of it behind", () => {
    map().unmap();
    truncateSync(regions.pools[1]?.uri.path ?? "", 64);
    const mapped = (): number => {
      const maps = spawnSync("cat", [`/proc/${process.pid}/maps`]).stdout.toString();
      return maps.split("\n").filter((line) => line.includes(baseDir)).length;
    };
    const before = mapped();
    for (let turn = 0; turn < 20; turn++) expect(refused()).toBe("size");
    expect(mapped()).toBe(before);
  });

  test("files that are too short, by a byte too", () => {
    truncateSync(regions.ring.path, 64 + NSLOTS * 256 - 1);
    expect(refused()).toBe("size");
    truncateSync(regions.ring.path, 0);
    expect(refused()).toBe("size");
  });

  test("links: of the file, of a folder, out of the folder that is allowed", () => {
    const folder = dirname(regions.ring.path);
    symlinkSync("/etc/passwd", join(folder, "link"));
    expect(refused(at(join(folder, "link")))).toBe("contained");
    symlinkSync("/etc", join(folder, "elsewhere"));
    expect(refused(at(join(folder, "elsewhere/passwd")))).toBe("contained");
    expect(refused(at(`${folder}/../../../../../../../etc/passwd`))).toBe("contained");
    mkdirSync(join(baseDir, "in2"));
    expect(refused(at(join(baseDir, "in2/header.ring")))).toBe("contained");
    expect(refused(at("/etc/passwd"))).toBe("contained");
  });

  test("what is no file: a folder, a pipe, a device", () => {
    const folder = dirname(regions.ring.path);
    expect(refused(at(folder))).toBe("regular");
    spawnSync("mkfifo", ["-m", "600", join(folder, "pipe")]);
    expect(refused(at(join(folder, "pipe")))).toBe("regular");
    if (!root) return;
    spawnSync("mknod", ["-m", "600", join(folder, "null"), "c", "1", "3"]);
    expect(refused(at(join(folder, "null")))).toBe("regular");
  });

  test("files that everybody can read or write, and files of others", () => {
    chmodSync(regions.ring.path, 0o664);
    expect(refused()).toBe("others");
    chmodSync(regions.ring.path, 0o660);
    if (!root) return;
    chownSync(regions.ring.path, 12_345, 12_345);
    expect(refused()).toBe("owner");
  });

  test("swapped files, and files of another epoch, stream or shape", () => {
    const [first, second] = layout.pools;
    if (first === undefined || second === undefined) throw new Error("no pools");
    expect(refused({ ring: first.uri })).toBe("tensor_pool.region_invalid");
    const swapped = [
      { ...first, uri: second.uri },
      { ...second, uri: first.uri },
    ];
    expect(refused({ pools: swapped })).toMatch(/^(?:size|tensor_pool.region_invalid)$/);
    renameSync(first.uri.path, `${first.uri.path}.old`);
    renameSync(second.uri.path, first.uri.path);
    expect(refused()).toBe("tensor_pool.region_invalid");
    expect(refused({ pools: [second] })).toBe("native_io.system");
    expect(refused({ epoch: 8n })).toBe("tensor_pool.region_invalid");
    expect(refused({ streamId: 1 })).toBe("tensor_pool.region_invalid");
    expect(refused({ nslots: 4 })).toBe("tensor_pool.region_invalid");
  });

  test.each([
    ["magic", 0],
    ["layoutVersion", 8],
    ["epoch", 12],
    ["streamId", 20],
    ["regionType", 24],
    ["nslots", 28],
    ["slotBytes", 32],
    ["strideBytes", 36],
  ])("a superblock whose %s is wrong", (_, offset) => {
    const [path = ""] = layout.pools.map(({ uri }) => uri.path);
    for (const file of [regions.ring.path, path]) {
      const before =
        regions.stream.superblocks.find(({ name }) => name === file)?.bytes[offset] ?? 0;
      poke(file, offset, before ^ 0x55);
      expect(refused()).toBe("tensor_pool.region_invalid");
      poke(file, offset, before);
    }
    map().unmap();
  });
});

function poke(path: string, offset: number, value: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Uint8Array.of(value), 0, 1, offset);
  closeSync(file);
}
