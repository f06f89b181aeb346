import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { QemuSource, QmpMonitor } from "@proj/dwcp/node";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HeardCommand, type Script, ScriptedMonitor } from "../../support/scripted-monitor.js";

const PAGE = 4_096;
const MEMORY_BYTES = 64 * PAGE;

let folder: string;
let peer: ScriptedMonitor;
let monitor: QmpMonitor;
let memory: Buffer;
let machine: Record<string, unknown>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-qemu-"));
  memory = randomBytes(MEMORY_BYTES);
  machine = {
    "query-target": { arch: "x86_64" },
    "query-memory-size-summary": { "base-memory": MEMORY_BYTES, "plugged-memory": 0 },
  };
  peer = await ScriptedMonitor.listen(join(folder, "monitor"), answer);
  monitor = await QmpMonitor.connect({ path: join(folder, "monitor") });
});

afterEach(async () => {
  monitor.close();
  await peer.close();
  rmSync(folder, { recursive: true, force: true });
});

const answer: Script = (command) => {
  const { execute, id } = command;
  if (execute === "pmemsave") save(command);
  return [{ return: machine[execute] ?? {}, id }];
};

function save({ arguments: given }: HeardCommand): void {
  const [at, size] = [Number(given["val"]), Number(given["size"])];
  writeFileSync(String(given["filename"]), memory.subarray(at, at + size));
}

describe("B15: the memory of a machine", () => {
  test("is where the machine says, and pages are as they were saved", async () => {
    const source = await QemuSource.open(monitor, { folder });
    expect([source.pageCount, source.pageBytes]).toEqual([64, PAGE]);
    const pages = await source.readPages([0, 1, 63]);
    expect(Buffer.from(pages).equals(pick([0, 1, 63]))).toBe(true);
    await source.close();
    expect(readdirSync(folder)).toEqual(["monitor"]);
  });

  test("is compared with what was read of it: a page is dirty until it is read again", async () => {
    const source = await QemuSource.open(monitor, { folder });
    await source.readPages([...Array(64).keys()]);
    expect(dirtyOf(await source.dirtySince())).toEqual([]);
    for (const page of [7, 8, 40])
      memory.writeUInt8(memory.readUInt8(page * PAGE) ^ 1, page * PAGE);
    expect(dirtyOf(await source.dirtySince())).toEqual([7, 8, 40]);
    expect(dirtyOf(await source.dirtySince())).toEqual([7, 8, 40]);
    expect(Buffer.from(await source.readPages([8])).equals(pick([8]))).toBe(true);
    expect(dirtyOf(await source.dirtySince())).toEqual([7, 40]);
    await source.close();
  });

  test("may lie in several places, which the caller names", async () => {
    const ranges = [
      { start: 16 * PAGE, length: 2 * PAGE },
      { start: 40 * PAGE, length: 3 * PAGE },
    ];
    const source = await QemuSource.open(monitor, { folder, ranges });
    const pages = await source.readPages([0, 1, 2, 3, 4]);
    expect(Buffer.from(pages).equals(pick([16, 17, 40, 41, 42]))).toBe(true);
    await source.close();
    const odd = QemuSource.open(monitor, { folder, ranges: [{ start: 0, length: 100 }] });
    await expect(odd).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual(["monitor"]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["of another processor", { "query-target": { arch: "aarch64" } }],
    ["of more than 2 GiB", { "query-memory-size-summary": { "base-memory": 2 ** 32 } }],
    [
      "plugged in later",
      { "query-memory-size-summary": { "base-memory": PAGE, "plugged-memory": PAGE } },
    ],
    ["that is not told", { "query-memory-size-summary": [] }],
  ])("%s has to be named", async (_, differs) => {
    Object.assign(machine, differs);
    await expect(QemuSource.open(monitor, { folder })).rejects.toMatchObject({
      code: "dwcp.unsupported",
    });
  });

  test("that is not saved as asked is an error", async () => {
    const source = await QemuSource.open(monitor, { folder });
    memory = memory.subarray(0, 10 * PAGE);
    await expect(source.dirtySince()).rejects.toMatchObject({ code: "dwcp.source_changed" });
    await source.close();
  });

  test("stands still and runs as asked, also slowly", async () => {
    const source = await QemuSource.open(monitor, { folder });
    await source.pause();
    await source.throttle(0.5);
    await source.resume();
    await source.throttle(1);
    await source.pause();
    const switched = peer.heard.filter((each) => each === "stop" || each === "cont");
    expect(switched).toEqual(["stop", "cont", "cont", "stop"]);
    await source.close();
  });
});

function pick(pages: readonly number[]): Buffer {
  return Buffer.concat(pages.map((page) => memory.subarray(page * PAGE, (page + 1) * PAGE)));
}

function dirtyOf(bitmap: Uint8Array): readonly number[] {
  return [...Array(64).keys()].filter((page) => ((bitmap[page >> 3] ?? 0) >> (page & 7)) & 1);
}
