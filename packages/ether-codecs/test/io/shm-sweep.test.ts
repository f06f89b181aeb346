import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { PosixShm, ShmOutbox, sweepShm } from "@proj/ether-codecs/node";
import { describeWith } from "@proj/peers";
import { ManualTime, SeededRandom } from "@proj/wire-types";
import { systemRandom } from "@proj/wire-types/system";
import { creatorOf, newShmName, objectName, pidNamespace } from "#src/io/shm-name.js";
import { shmFolder } from "./shm-folder.js";

const { folder, shm } = shmFolder();
const killed = shmFolder();
const random = new SeededRandom(1);
const hourMs = 3_600_000;

function put(name: string, writtenMs = Date.now()): string {
  const object = `xcp.any.ns.${name}`;
  const path = join(folder, object);
  writeFileSync(path, "12345678", { mode: 0o600 });
  utimesSync(path, writtenMs / 1000, writtenMs / 1000);
  return object;
}

function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

test("names say who made an object", () => {
  const name = newShmName(random);
  expect(name).toMatch(/^p[0-9]+-[0-9]+x[0-9a-f]{16}$/);
  expect(newShmName(random)).not.toBe(name);
  expect(creatorOf(objectName({ namespace: "a.b", name }))).toEqual({
    pid: process.pid,
    pidNamespace: pidNamespace(),
  });
  expect(creatorOf("xcp.emb.42")).toBeUndefined();
  expect(creatorOf("xcp.ns.p12-abcd")).toEqual({ pid: 12 });
  expect(creatorOf("other.ns.p12-abcd")).toBeUndefined();
});

test("§16.3: objects of dead creators go, all others stay", async () => {
  const living = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], {
    stdio: "ignore",
  });
  await once(living, "spawn");
  const dead = deadPid();
  const own = pidNamespace();
  const stay = [
    put(`p${living.pid}-${own}x01`),
    put(`p${process.pid}-${own}x02`),
    put(`p${dead}-1${own}x03`),
    put(`p${dead}-abc`),
    put("42"),
  ];
  symlinkSync(join(folder, "anything"), join(folder, `xcp.ns.p${dead}-${own}x04`));
  const go = [
    put(`p${dead}-${own}x05`),
    put(`p${dead}-old`, Date.now() - 2 * hourMs),
    // Its number lives on in a process that started later, as pid 1 does in every container.
    put(`p${process.pid}-${own}x06`, Date.now() - 24 * hourMs),
  ];
  expect(sweepShm(shm, Date.now())).toEqual({ objects: go.length, bytes: 8 * go.length });
  const left = readdirSync(folder);
  for (const object of stay) expect(left).toContain(object);
  for (const object of go) expect(left).not.toContain(object);
  expect(left).toContain(`xcp.ns.p${dead}-${own}x04`);
  expect(sweepShm(shm, Date.now())).toEqual({ objects: 0, bytes: 0 });
  living.kill();
});

test("§16.3: a killed process leaves its objects to the next start", async () => {
  const script = `
    import { PosixShm, ShmOutbox } from "@proj/ether-codecs/node";
    import { systemRandom, systemTime } from "@proj/wire-types/system";
    const shm = new PosixShm({ folder: ${JSON.stringify(killed.folder)} });
    const outbox = new ShmOutbox({ shm, random: systemRandom, timers: systemTime, isProven: () => true });
    console.log(outbox.put(new Uint8Array(100)).uri);
    process.kill(process.pid, "SIGKILL");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let uri = "";
  child.stdout.on("data", (chunk: Buffer) => (uri += chunk.toString()));
  const [, signal] = (await once(child, "close")) as [unknown, string];
  expect(signal).toBe("SIGKILL");
  expect(killed.shm.read(uri.trim(), { maxBytes: 100 }).length).toBe(100);
  expect(sweepShm(killed.shm, Date.now())).toEqual({ objects: 1, bytes: 100 });
  expect(() => killed.shm.read(uri.trim(), { maxBytes: 100 })).toThrow(/ENOENT/);
});

const real = PosixShm.isAvailable()
  ? { name: "shm", found: new PosixShm() }
  : { name: "shm", lack: "this system has no /dev/shm" };

describeWith("/dev/shm itself", real, (devShm) => {
  test("holds an object as long as it is leased", () => {
    const options = { shm: devShm, random: systemRandom, timers: new ManualTime() };
    const outbox = new ShmOutbox({ ...options, isProven: () => true });
    const lease = outbox.put(Uint8Array.of(1, 2, 3));
    expect([...devShm.read(lease.uri, { maxBytes: 3 })]).toEqual([1, 2, 3]);
    outbox.close();
    expect(() => devShm.read(lease.uri, { maxBytes: 3 })).toThrow(/ENOENT/);
  });
});
