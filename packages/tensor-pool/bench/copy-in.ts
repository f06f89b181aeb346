import { type BenchCase, type Operation } from "@proj/bench";
import { FrameTemplate } from "@proj/tensor-pool";
import { startDirectProducer } from "@proj/tensor-pool/node";
import type { Place } from "./streams.js";

const BYTES = 1_048_576;
const SLOTS = 8;

/** Publishing a tensor of 1 MiB, beside copying as much from array to array. */
export function copyIn(place: Place): BenchCase {
  return {
    name: "1 MiB copied in",
    pace: { kind: "batch" },
    compare: "throughput",
    payloadBytes: BYTES,
    peers: [
      { name: "publish", open: () => publish(place) },
      { name: "memcpy between arrays", target: { atLeast: 0.9 }, open: copy },
    ],
  };
}

async function publish({ client, baseDir }: Place): Promise<Operation> {
  const direct = await startDirectProducer({
    client,
    streamId: 19_000,
    nslots: SLOTS,
    pools: [{ poolId: 1, strideBytes: BYTES }],
    baseDir,
  });
  const template = new FrameTemplate({ dtype: "uint8", shape: [BYTES] });
  const payload = new Uint8Array(BYTES).fill(7);
  return {
    run: () => direct.producer.publish(template, payload),
    close: () => {
      direct.close();
    },
  };
}

function copy(): Operation {
  const slots = new Uint8Array(SLOTS * BYTES).fill(1);
  const payload = new Uint8Array(BYTES).fill(7);
  let slot = 0;
  return {
    run: () => {
      slots.set(payload, (slot++ % SLOTS) * BYTES);
    },
  };
}
