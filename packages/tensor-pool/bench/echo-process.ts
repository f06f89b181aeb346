// Answers each frame of a stream with an empty one, in each turn of its event loop.
import { setImmediate as turn } from "node:timers/promises";
import { connectAeron } from "@proj/aeron/node";
import { serveProcess } from "@proj/bench";
import { FrameTemplate } from "@proj/tensor-pool";
import { openDirectConsumer, startDirectProducer } from "@proj/tensor-pool/node";
import { BACK_DESCRIPTORS } from "./round-trip.js";

await serveProcess(async (input) => {
  const { aeronDir, baseDir, streamId } = input as {
    aeronDir: string;
    baseDir: string;
    streamId: number;
  };
  const { client } = await connectAeron({ aeronDir });
  const there = await openDirectConsumer({ client, streamId, allowedDirs: [baseDir] });
  const { producer } = await startDirectProducer({
    client,
    streamId: streamId + 1,
    descriptorStreamId: BACK_DESCRIPTORS,
    nslots: 8,
    pools: [{ poolId: 1, strideBytes: 64 }],
    baseDir,
  });
  const empty = new FrameTemplate({ dtype: "uint8", shape: [0] });
  const nothing = new Uint8Array(0);
  void (async () => {
    for (;;) {
      there.poll(() => {
        producer.publish(empty, nothing);
      });
      await turn();
    }
  })();
  return { ready: null };
});
