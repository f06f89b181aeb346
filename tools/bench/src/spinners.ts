// The process that `keepCpusAwake` starts: one busy thread for each core, until standard input ends.
import { isMainThread, Worker } from "node:worker_threads";

// Long enough to cost nothing, short enough that nobody notices a spinner that outlives its parent.
const LOOK_EVERY_MS = 5;

function spin(): void {
  const endMs = performance.now() + LOOK_EVERY_MS;
  while (performance.now() < endMs);
  setImmediate(spin);
}

if (isMainThread) {
  // The pipe ends with the parent, however that died.
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
  const others = Number(process.argv[2]) - 1;
  Array.from({ length: others }, () => new Worker(new URL(import.meta.url)));
  process.stdout.write("spinning\n");
}
spin();
