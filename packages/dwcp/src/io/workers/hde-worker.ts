// The program of a worker thread: does tasks one after the other, and answers each.
import { isWireError } from "@proj/wire-types";
import { parentPort } from "node:worker_threads";
import type { DwcpCode } from "../../errors.js";
import { nodeHdePlatform } from "../node-hde-platform.js";
import type { FromWorker, TaskResult, ToWorker, WorkerTask } from "./worker-messages.js";
import { WorkerJob } from "./worker-job.js";

const platform = await nodeHdePlatform();
const jobs = new Map<number, WorkerJob>();

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "close") {
    jobs.get(message.job)?.close();
    jobs.delete(message.job);
  } else if (message.kind === "open") {
    jobs.set(message.job, new WorkerJob(message.spec, platform));
  } else answer(message.id, message.job, message.task);
});

function answer(id: number, job: number, task: WorkerTask): void {
  try {
    const opened = jobs.get(job);
    if (opened === undefined) throw new TypeError(`no job ${job}`);
    const result = opened.run(task);
    post({ kind: "done", id, result }, transferOf(result));
  } catch (thrown) {
    const code = isWireError(thrown) ? (thrown.code as DwcpCode) : undefined;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    post({ kind: "failed", id, code, message: text }, []);
  }
}

function transferOf(result: TaskResult): ArrayBuffer[] {
  if (result.kind === "encoded") return [result.bytes.buffer];
  return result.kind === "decoded" ? [result.raw.buffer] : [];
}

function post(message: FromWorker, transfer: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transfer);
}
