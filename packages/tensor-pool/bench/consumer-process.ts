// A consumer in a process of its own; it waits in a thread, since the main one may not block.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { serveProcess } from "@proj/bench";

await serveProcess(async (input) => {
  const worker = new Worker(new URL("./latency-worker.js", import.meta.url), { workerData: input });
  await once(worker, "message");
  const result = once(worker, "message").then(([value]: unknown[]) => value);
  return { ready: null, ask: () => result };
});
