// A consumer with a lease that blocks until frames come, in a thread of its own; tells the numbers that it saw.
import { parentPort, workerData } from "node:worker_threads";
import { connectAeron } from "@proj/aeron/node";
import { attachConsumer } from "@proj/tensor-pool/node";

/** What it is told. */
export interface WaitingReaderInput {
  readonly aeronDir: string;
  readonly baseDir: string;
  readonly streamId: number;
  readonly frames: number;
}

const { aeronDir, baseDir, streamId, frames } = workerData as WaitingReaderInput;
const connection = await connectAeron({ aeronDir, keepAlive: "worker" });
const { client } = connection;
const consumer = await attachConsumer({ client, streamId, allowedDirs: [baseDir] });
await consumer.mapped();
parentPort?.postMessage("mapped");
const seqs: number[] = [];
let waits = 0;
while (seqs.length < frames) {
  const before = seqs.length;
  consumer.poll((frame) => seqs.push(frame.seq));
  if (seqs.length > before) continue;
  consumer.wait(50);
  waits++;
  await new Promise((resolve) => setImmediate(resolve));
}
consumer.close();
connection.close();
parentPort?.postMessage({ seqs, waits });
