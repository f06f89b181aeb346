import { expect, test } from "@jest/globals";
import { describeWith } from "@proj/peers";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

const contender = fileURLToPath(new URL("./contender.js", import.meta.url));
/** Changes of each process. */
const ROUNDS = Number(process.env["SHM_ROUNDS"] ?? 5_000_000);

async function contend(folder: string, path: string, what: string, rounds: number): Promise<void> {
  const child = spawn(process.execPath, [contender, folder, path, what, String(rounds)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [status] = (await once(child, "close")) as [number];
  expect(status).toBe(0);
}

describeWith("two processes on the same words", native, ({ shm }) => {
  const place = scratch();
  const folders = shm.allow([place.folder]);

  test.each([
    ["add", ROUNDS],
    ["exchange", ROUNDS / 5],
    ["add64", ROUNDS / 5],
  ])("no update is lost: %s", async (what, rounds) => {
    const path = place.path(what);
    const file = folders.create(path, { sizeBytes: 4096 });
    const region = file.map();
    await Promise.all([1, 2].map(() => contend(place.folder, path, what, rounds)));
    const words = new Int32Array(region.bytes.buffer);
    expect([words[16], words[17]]).toEqual([2 * rounds, what === "add64" ? 2 * rounds : 0]);
    region.unmap();
    file.close();
  });

  test("a seqlock publishes whole values or none", async () => {
    const rounds = ROUNDS / 10;
    const path = place.path("publish");
    const file = folders.create(path, { sizeBytes: 4096 });
    const region = file.map({ readOnly: false });
    const words = new Int32Array(region.bytes.buffer);
    const writer = contend(place.folder, path, "publish", rounds);
    Atomics.add(words, 0, 1);
    let [whole, retried, last] = [0, 0, 0];
    while (last < 2 * rounds) {
      for (let turn = 0; turn < 10_000 && last < 2 * rounds; turn++) {
        const before = Atomics.load(words, 16);
        if (before % 2 === 1) {
          retried++;
          continue;
        }
        shm.fence();
        const first = words[32];
        let same = true;
        for (let i = 33; i < 64; i++) same &&= words[i] === first;
        shm.fence();
        if (Atomics.load(words, 16) !== before) {
          retried++;
          continue;
        }
        whole++;
        if (!same || first !== before || before < last) {
          throw new Error(`torn: ${first} under version ${before} after ${last}`);
        }
        last = before;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer;
    expect(whole).toBeGreaterThan(0);
    expect(whole + retried).toBeGreaterThan(1);
    region.unmap();
    file.close();
    place.remove();
  });
});
