import { isMainThread } from "node:worker_threads";

const READINGS = 20_000;

// Loaded into each thread before anything else: a thread reads the clock in every turn, and one day does not come back.
if (!isMainThread) {
  const real = performance.now.bind(performance);
  let readings = 0;
  performance.now = (): number => {
    readings += 1;
    while (readings > READINGS) readings += 1;
    return real();
  };
}
