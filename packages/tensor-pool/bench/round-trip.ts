import { setImmediate as turn } from "node:timers/promises";
import { type Operation, spawnServer } from "@proj/bench";
import { FrameTemplate } from "@proj/tensor-pool";
import { openDirectConsumer, startDirectProducer } from "@proj/tensor-pool/node";
import type { Place } from "./streams.js";

/** The Aeron stream of the descriptors that come back. */
export const BACK_DESCRIPTORS = 1_101;

const JOIN_MS = 20;
const QUIET_MS = 100;

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
  const answersWithin = async (ms: number): Promise<number> => {
    let answers = 0;
    for (const endMs = performance.now() + ms; performance.now() < endMs; await turn()) {
      answers += back.poll(ignore);
    }
    return answers;
  };
  // Both sides have joined once something comes back. One frame at a time: a reader that fell behind would pass over some, and
  // each that is passed over is an answer that never comes.
  do direct.producer.publish(template, payload);
  while ((await answersWithin(JOIN_MS)) === 0);
  while ((await answersWithin(QUIET_MS)) > 0);
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
