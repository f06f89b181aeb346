// A consumer with a lease that blocks until frames come, in a thread of its own; tells each number that it saw, and at the end
// how often it waited.
import { parentPort, workerData } from "node:worker_threads";
import { connectAeron } from "@proj/aeron/node";
import { attachConsumer } from "@proj/tensor-pool/node";

/** What it is told. */
export interface WaitingReaderInput {
  readonly aeronDir: string;
  readonly baseDir: string;
  readonly streamId: number;
  readonly frames: number;
  readonly graceIntervals: number;
}

const { aeronDir, baseDir, streamId, frames, graceIntervals } = workerData as WaitingReaderInput;
const connection = await connectAeron({ aeronDir, keepAlive: "worker" });
const { client } = connection;
const shared = { client, streamId, allowedDirs: [baseDir] };
const consumer = await attachConsumer({ ...shared, graceIntervals });
await consumer.mapped();
parentPort?.postMessage("mapped");
const seqs: number[] = [];
let waits = 0;
while (seqs.length < frames) {
  const before = seqs.length;
  consumer.poll(({ seq }) => {
    seqs.push(seq);
    parentPort?.postMessage(seq);
  });
  if (seqs.length > before) continue;
  consumer.wait(50);
  waits++;
  await new Promise((resolve) => setImmediate(resolve));
}
consumer.close();
connection.close();
parentPort?.postMessage({ waits });
