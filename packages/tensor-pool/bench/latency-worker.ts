// Consumes in a thread of its own until a frame says that it is the last, and tells how old frames were when they came.
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { connectAeron } from "@proj/aeron/node";
import { quantile } from "@proj/bench";
import type { Frame } from "@proj/tensor-pool";
import { openDirectConsumer } from "@proj/tensor-pool/node";
import { type ConsumerInput, type ConsumerResult, LAST, spinFor } from "./streams.js";

const { aeronDir, baseDir, streamId, waiting } = workerData as ConsumerInput;
const { client, close } = await connectAeron({ aeronDir });
const consumer = await openDirectConsumer({ client, streamId, allowedDirs: [baseDir] });
while (!consumer.isMapped) {
  consumer.poll(() => undefined);
  await turn();
}
parentPort?.postMessage("mapped");

const agesNs = new Float64Array(4_000_000);
let frames = 0;
let measuring = false;
let startedMs = 0;
const state = { last: false };

function take(frame: Frame): void {
  if (frame.metaVersion === LAST) {
    state.last = true;
    return;
  }
  if (!measuring) {
    // The first second is for the compiler.
    if (startedMs === 0) startedMs = performance.now();
    if (performance.now() - startedMs < 1_000) return;
    measuring = true;
    startedMs = performance.now();
  }
  const captured = frame.timestampNs ?? 0n;
  if (frames < agesNs.length) agesNs[frames] = Number(process.hrtime.bigint() - captured);
  frames++;
}

while (!state.last) {
  if (waiting === "busy") spinFor(10, () => consumer.poll(take));
  else if (waiting === "blocking") {
    if (consumer.poll(take) === 0) consumer.wait(20);
    else continue;
  } else consumer.poll(take);
  await turn();
}
const seconds = (performance.now() - startedMs) / 1_000;
const sorted = agesNs.subarray(0, Math.min(frames, agesNs.length)).toSorted();
const { dropsGap, dropsLate } = consumer.consumer.counters;
// Before the process is ended: the driver would keep the place of a reader that vanished for ten seconds.
consumer.close();
close();
parentPort?.postMessage({
  p50Ns: quantile(sorted, 0.5),
  p99Ns: quantile(sorted, 0.99),
  framesPerSecond: frames / seconds,
  lost: (dropsGap + dropsLate) / (frames + dropsGap + dropsLate),
} satisfies ConsumerResult);
