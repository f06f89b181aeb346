// A worker thread or a process that waits: `{ folder, path }` from its parent, one answer per wait.
import { backend } from "@proj/native-io";
import { parentPort, workerData } from "node:worker_threads";

const { folder, path, timeoutMs } = workerData as {
  folder: string;
  path: string;
  timeoutMs: number;
};
const region = backend.shm.allow([folder]).open(path, { access: "readWrite" }).map();
const words = new Int32Array(region.bytes.buffer, region.bytes.byteOffset);
Atomics.store(words, 1, 1);
const answer = backend.futex.wait(words, 0, 0, timeoutMs);
parentPort?.postMessage({ answer, value: Atomics.load(words, 0) });
