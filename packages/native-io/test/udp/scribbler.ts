import { SeededRandom } from "@proj/wire-types";
import { parentPort, workerData } from "node:worker_threads";

// Writes nonsense over shared rows until it is told to stop.
const { rows, stop } = workerData as { rows: SharedArrayBuffer; stop: SharedArrayBuffer };
const random = new SeededRandom(1);
const bytes = new Uint8Array(rows);
const nonsense = new Uint8Array(rows.byteLength);
const small = new Int32Array(rows);
const stopped = new Int32Array(stop);

parentPort?.postMessage("writing");
for (let round = 0; Atomics.load(stopped, 0) === 0; round++) {
  random.fill(nonsense);
  bytes.set(nonsense);
  // Numbers that pass for offsets, lengths and addresses, as well as those that cannot.
  if (round % 2 === 0) for (let i = 0; i < small.length; i++) small[i] = (small[i] ?? 0) & 0x3ff;
}
