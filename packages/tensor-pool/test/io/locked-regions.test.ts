import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backend as machine, type Backend, portable } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { startPoolDriver } from "@proj/tensor-pool/node";
import { DiskRegions } from "#src/io/disk-regions.js";
import { testConfig } from "../support/pool-config.js";
import { native } from "../support/native.js";

const profile = { nslots: 16, pools: [{ poolId: 1, strideBytes: 4_096 }] };
const KIB = (64 + 16 * 256) / 1_024 + (64 + 16 * 4_096) / 1_024;

function regionsOf(backend: Backend, baseDir: string): DiskRegions {
  return new DiskRegions({
    backend,
    baseDir,
    folders: backend.shm.allow([baseDir]),
    user: "u",
    namespace: "n",
    fileMode: 0o660,
    reserve: false,
    lock: true,
    reuse: false,
    hugepageBytes: undefined,
  });
}

function lockedKib(): number {
  return Number(/^VmLck:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

/** A machine that locks as much memory as this test needs. */
function locking(): Peer<Backend> {
  if ("lack" in native) return native;
  const name = "locked memory";
  const found = machine.shm.capabilities().find((each) => each.name === "shm.lock");
  if (!existsSync("/proc/self/status")) return { name, lack: "no Linux" };
  return found?.available === true ? { name, found: machine } : { name, lack: found?.reason ?? "" };
}

describeWith("regions kept out of swap", locking(), (backend) => {
  let baseDir = "";
  beforeEach(() => {
    baseDir = mkdtempSync("/dev/shm/locked-regions-");
  });
  afterEach(() => {
    rmSync(baseDir, { recursive: true });
  });

  test("are locked from the beginning of their epoch to its release", () => {
    const regions = regionsOf(backend, baseDir);
    const before = lockedKib();
    const made = regions.create(1, 1n, profile, 1n);
    if ("why" in made) throw new Error(made.message);
    expect(lockedKib() - before).toBeGreaterThanOrEqual(KIB);
    made.release();
    expect(lockedKib()).toBe(before);
    regions.remove(1, 1n);
    expect(readdirSync(baseDir)).toEqual([]);
  });
});

test("an epoch that cannot be locked is not made, and the refusal says why in one line", () => {
  const regions = regionsOf(portable, "/dev/shm/unlocked");
  expect(regions.create(1, 1n, profile, 1n)).toEqual({
    why: "failed",
    message: "the portable backend cannot lock memory",
  });
  const folders = portable.shm.allow(["/dev/shm/unlocked"]);
  const ring = "/dev/shm/unlocked/tensorpool-u/n/1/1/header.ring";
  expect(() => folders.open(ring, { access: "read" })).toThrow("ENOENT");
});

test("mlock_shm: where nothing can be locked, the driver does not start", async () => {
  const config = testConfig("/dev/shm/unlocked", "mlock_shm = true");
  const client = {} as Parameters<typeof startPoolDriver>[0]["client"];
  await expect(startPoolDriver({ client, config, backend: portable })).rejects.toMatchObject({
    code: "tensor_pool.config_invalid",
    message: "mlock_shm: no native backend",
  });
});
