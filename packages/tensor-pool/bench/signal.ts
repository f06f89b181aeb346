import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { type Fact, quantile, spawnServer } from "@proj/bench";
import { backend } from "@proj/native-io";

/** Measures how long a change of one shared word takes to be seen by another process that spins on it. */
export async function signalling(baseDir: string, count: number): Promise<Fact[]> {
  const path = join(baseDir, "words");
  const folders = backend.shm.allow([baseDir]);
  const file = folders.create(path, { sizeBytes: 4_096 });
  const region = file.map();
  file.close();
  const words = new Int32Array(region.bytes.buffer, region.bytes.byteOffset, 1_024);
  const server = await spawnServer(new URL("./signal-process.js", import.meta.url), {
    baseDir,
    path,
  });
  const tookNs = new Float64Array(count);
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < count; number++) {
      const value = round * count + number + 1;
      const start = performance.now();
      Atomics.store(words, 0, value);
      while (Atomics.load(words, 64) !== value);
      tookNs[number] = (performance.now() - start) * 1e6;
      if (number % 1_000 === 0) await turn();
    }
  }
  Atomics.store(words, 0, -1);
  await server.close();
  region.unmap();
  folders.unlink(path);
  folders.close();
  const sorted = tookNs.toSorted();
  return [
    {
      name: "a shared word, one way, busy-poll, p50",
      value: quantile(sorted, 0.5) / 2,
      unit: "ns",
      target: { atMost: 120 },
    },
    {
      name: "a shared word, one way, busy-poll, p99",
      value: quantile(sorted, 0.99) / 2,
      unit: "ns",
    },
  ];
}
