import { expect, test } from "@jest/globals";
import type { Backend } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

/** `LEAK_RUNS=100000` is the whole test. */
const CYCLES = Number(process.env["LEAK_RUNS"] ?? 3000);

const counting: Peer<Backend> =
  "found" in native && !existsSync("/proc/self/maps")
    ? { name: "native", lack: "no /proc to count in" }
    : native;

/** Descriptors, mappings of our files and megabytes of this process. */
function holdings(): { files: number; mappings: number; megabytes: number } {
  return {
    files: readdirSync("/proc/self/fd").length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("/native-io-test-").length - 1,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
  };
}

async function expectNoGrowth(cycle: (turn: number) => void): Promise<void> {
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
  };
  for (let turn = 0; turn < 500; turn++) cycle(turn);
  await settle();
  const before = holdings();
  for (let turn = 0; turn < CYCLES; turn++) {
    cycle(turn);
    // What a mapping leaves behind is collected by the event loop.
    if (turn % 100 === 0) await setImmediate();
  }
  await settle();
  const after = holdings();
  expect(after.files).toBeLessThanOrEqual(before.files + 2);
  expect(after.mappings).toBe(before.mappings);
  expect(after.megabytes).toBeLessThan(before.megabytes + 60);
}

describeWith("nothing is left of", counting, ({ shm }) => {
  const place = scratch();
  const folders = shm.allow([place.folder]);

  test("mappings that were unmapped", async () => {
    const file = folders.create(place.path("mapped"), { sizeBytes: 2 ** 20 });
    await expectNoGrowth((turn) => {
      const region = file.map({ offset: (turn % 16) * 4096, length: 65_536 });
      region.bytes[turn % 65_536] = 1;
      region.unmap();
    });
    file.close();
  });

  test("files that were opened, and refused", async () => {
    folders.create(place.path("opened"), { sizeBytes: 4096 }).close();
    await expectNoGrowth(() => {
      folders.open(place.path("opened"), { access: "read" }).close();
      let refused = false;
      try {
        folders.open(place.path("opened"), { access: "read", minBytes: 5000 });
      } catch {
        refused = true;
      }
      if (!refused) throw new Error("a file that is too small was opened");
    });
  });

  test("files that were created and removed", async () => {
    await expectNoGrowth(() => {
      folders.create(place.path("made"), { sizeBytes: 4096 }).close();
      folders.unlink(place.path("made"));
    });
  });

  test("threads that were ended in the middle of native calls", async () => {
    folders.create(place.path("busy"), { sizeBytes: 2 ** 20 }).close();
    const spawnAndEnd = async (turn: number) => {
      const worker = new Worker(new URL("./busy-worker.js", import.meta.url), {
        workerData: { folder: place.folder, path: place.path("busy") },
      });
      await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      await new Promise((resolve) => setTimeout(resolve, turn % 5));
      await worker.terminate();
    };
    await spawnAndEnd(0);
    const before = holdings();
    for (let turn = 0; turn < 10; turn++) await spawnAndEnd(turn);
    const after = holdings();
    expect(after.files).toBeLessThanOrEqual(before.files + 2);
    expect(readFileSync("/proc/self/maps", "utf8")).not.toContain(place.path("busy"));
    place.remove();
  });
});

describeWith("nothing is left of RMA:", lending(counting), ({ shm, rma }) => {
  test("registrations that were ended", async () => {
    const place = scratch();
    const endpoint = rma.open({ provider: "shm" });
    const file = shm.allow([place.folder]).create(place.path("registered"), { sizeBytes: 65_536 });
    await expectNoGrowth(() => {
      const region = file.map();
      endpoint.register(region.bytes, { remoteRead: true, remoteWrite: true }).deregister();
      region.unmap();
    });
    file.close();
    endpoint.close();
    place.remove();
  });
});

function lending(peer: Peer<Backend>): Peer<Backend> {
  if ("lack" in peer) return peer;
  const shared = peer.found.rma.capabilities().find(({ name }) => name === "rma.shm");
  if (shared?.available === true) return peer;
  return { name: "libfabric", lack: shared?.reason ?? "no libfabric" };
}
