import { backend, type Outcome, type Scheduling } from "@proj/native-io";
import { parentPort, workerData } from "node:worker_threads";

/** What a worker found and did. */
export interface WorkerReport {
  readonly thread: Outcome<number>;
  readonly pinned: Outcome<readonly number[]>;
  readonly nice: Outcome<number>;
  readonly batch: Outcome<Scheduling>;
}

const { cores } = backend;
const report: WorkerReport = {
  thread: cores.threadId(),
  pinned: cores.pin([Number(workerData)]),
  nice: cores.setNice(5),
  batch: cores.setScheduling({ policy: "batch", priority: 0 }),
};
parentPort?.postMessage(report);
parentPort?.on("message", () => undefined);
