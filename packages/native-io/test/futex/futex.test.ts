import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Backend, FUTEX_SLICE_MS, portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { native } from "../native-peer.js";
import { scratch } from "../shm/scratch.js";

const waiter = new URL("./waiter.js", import.meta.url);

/** The waiter says in word 1 that it is about to wait. */
function untilStarted(words: Int32Array): Promise<void> {
  return until(() => Atomics.load(words, 1) !== 0, "the waiter to start");
}

function futexTests({ shm, futex, kind }: Backend): void {
  const place = scratch();
  const folders = shm.allow([place.folder]);
  const path = place.path(`word-${kind}`);
  const file = folders.create(path, { sizeBytes: 4096 });
  const region = file.map();
  const words = new Int32Array(region.bytes.buffer, region.bytes.byteOffset, 16);
  const before = process.env["NATIVE_IO"];

  beforeAll(() => {
    if (kind === "portable") process.env["NATIVE_IO"] = "portable";
  });
  afterAll(() => {
    if (before === undefined) delete process.env["NATIVE_IO"];
    else process.env["NATIVE_IO"] = before;
    region.unmap();
    file.close();
    place.remove();
  });

  async function startWaiting(timeoutMs: number): Promise<Worker> {
    words.fill(0);
    const worker = new Worker(waiter, {
      workerData: { folder: place.folder, path, timeoutMs },
      // A test's `process.env` is a copy, which a worker does not inherit by itself.
      env: { ...process.env },
    });
    await untilStarted(words);
    return worker;
  }

  test("the main thread is refused: its event loop must not stop", () => {
    expect(() => futex.wait(words, 0, 0, 1)).toThrow(
      expect.objectContaining({ code: "native_io.main_thread" }),
    );
  });

  test("a wake reaches a waiting thread", async () => {
    const worker = await startWaiting(60_000);
    const answered = once(worker, "message");
    Atomics.store(words, 0, 5);
    // It may not have fallen asleep yet; then it finds the word changed.
    futex.wake(words, 0, 1);
    expect([[{ answer: "woken", value: 5 }], [{ answer: "notEqual", value: 5 }]]).toContainEqual(
      await answered,
    );
    await worker.terminate();
  });

  test("a wait ends in time", async () => {
    const worker = await startWaiting(2.5 * FUTEX_SLICE_MS);
    expect(await once(worker, "message")).toEqual([{ answer: "timedOut", value: 0 }]);
    await worker.terminate();
  });

  test("a waiting thread can be terminated", async () => {
    const worker = await startWaiting(Infinity);
    const begun = performance.now();
    await worker.terminate();
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("nobody waits: none is woken", () => expect(futex.wake(words, 3, 10)).toBe(0));

  test("a time that is none is the caller's mistake", () => {
    expect(() => futex.wait(words, 0, 0, -1)).toThrow(RangeError);
    expect(() => futex.wait(words, 0, 0, Number.NaN)).toThrow(RangeError);
  });
}

describe("futex, portable backend", () => {
  futexTests(portable);

  test("memory that is not shared in the sense of JavaScript cannot wait", () => {
    expect(() => portable.futex.wake(new Int32Array(4), 0, 1)).toThrow(
      expect.objectContaining({ code: "native_io.unsupported" }),
    );
  });
});

describeWith("futex, native backend", native, (backend) => {
  futexTests(backend);

  test("a wake reaches another process", async () => {
    const place = scratch();
    const { shm, futex } = backend;
    const file = shm.allow([place.folder]).create(place.path("word"), { sizeBytes: 4096 });
    const region = file.map();
    const words = new Int32Array(region.bytes.buffer);
    const data = { folder: place.folder, path: place.path("word"), timeoutMs: 60_000 };
    const script = `import { Worker } from "node:worker_threads";
      const worker = new Worker(${JSON.stringify(fileURLToPath(waiter))}, { workerData: ${JSON.stringify(data)}, execArgv: [] });
      worker.on("message", ({ answer, value }) => { console.log(answer, value); });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = once(child.stdout, "data");
    await untilStarted(words);
    // Asleep between two slices it is not woken; the word tells it then.
    let woken = 0;
    await until(() => {
      woken = futex.wake(words, 0, 1);
      return woken > 0;
    }, "the waiter to be woken");
    expect(woken).toBe(1);
    expect(String(await output)).toBe("woken 0\n");
    await once(child, "close");
    region.unmap();
    file.close();
    place.remove();
  });
});
