import { setImmediate as turn } from "node:timers/promises";
import { type Operation, spawnServer } from "@proj/bench";
import { FrameTemplate } from "@proj/tensor-pool";
import { openDirectConsumer, startDirectProducer } from "@proj/tensor-pool/node";
import type { Place } from "./streams.js";

/** The Aeron stream of the descriptors that come back. */
export const BACK_DESCRIPTORS = 1_101;

let nextStreamId = 20_000;

/** Publishes a tensor of `bytes` and waits for an empty one from the process that took it. */
export async function tensorPool(place: Place, bytes: number): Promise<Operation> {
  const { client, aeronDir, baseDir } = place;
  const streamId = (nextStreamId += 2);
  const direct = await startDirectProducer({
    client,
    streamId,
    nslots: 8,
    pools: [{ poolId: 1, strideBytes: Math.max(64, bytes) }],
    baseDir,
  });
  const server = await spawnServer(new URL("./echo-process.js", import.meta.url), {
    aeronDir,
    baseDir,
    streamId,
  });
  const back = await openDirectConsumer({
    client,
    streamId: streamId + 1,
    descriptorStreamId: BACK_DESCRIPTORS,
    allowedDirs: [baseDir],
  });
  const template = new FrameTemplate({ dtype: "uint8", shape: [bytes] });
  const payload = new Uint8Array(bytes).fill(7);
  const ignore = (): void => undefined;
  const exchange = async (): Promise<void> => {
    direct.producer.publish(template, payload);
    while (back.poll(ignore) === 0) await turn();
  };
  // Both sides have joined once something comes back.
  for (let joined = false; !joined;) {
    direct.producer.publish(template, payload);
    joined = back.poll(ignore) > 0;
    await turn();
  }
  for (let quiet = 0; quiet < 1_000; quiet++) {
    if (back.poll(ignore) > 0) quiet = 0;
    await turn();
  }
  return {
    run: exchange,
    cpu: () => server.cpu(),
    close: async () => {
      back.close();
      await server.close();
      direct.close();
    },
  };
}
