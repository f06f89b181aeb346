// The other side of what stays within one process.
import { parentPort, workerData } from "node:worker_threads";

const input = workerData as { kind: "post" } | { kind: "shared"; shared: SharedArrayBuffer };
parentPort?.postMessage("ready");
if (input.kind === "post") {
  parentPort?.on("message", (payload: Uint8Array) => {
    parentPort?.postMessage(payload.length);
  });
} else {
  const words = new Int32Array(input.shared, 0, 16);
  let seen = 0;
  for (;;) {
    Atomics.wait(words, 0, seen);
    seen = Atomics.load(words, 0);
    parentPort?.postMessage(seen);
  }
}
