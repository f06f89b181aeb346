import { mkdtempSync, rmSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { StreamIds } from "@proj/tensor-pool";
import {
  attachConsumer,
  attachProducer,
  parseConfig,
  startPoolDriver,
} from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";

describeWith("a consumer with a lease follows new producers", native, () => {
  test.each([
    ["on a stream of their own", `announce_stream_id = ${StreamIds.announce}`],
    ["on the control stream, as they are by default", ""],
  ])("§14.4, §22: announces come %s", async (_where, announces) => {
    const aeronDir = `/dev/shm/tensor-announces-aeron-${process.pid}`;
    const baseDir = mkdtempSync("/dev/shm/tensor-announces-");
    const media = await startEmbeddedDriver({ aeronDir });
    const { client, close } = await connectAeron({ aeronDir });
    const parsed = parseConfig(`[driver]
${announces}
[shm]
base_dir = "${baseDir}"
[policies]
announce_period_ms = 100
shutdown_timeout_ms = 50
[profiles.p]
payload_pools = [{ pool_id = 1, stride_bytes = 64 }]
[streams.s]
stream_id = 10000
profile = "p"`);
    if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
    const running = await startPoolDriver({ client, config: parsed.config });
    const shared = { client, allowedDirs: [baseDir], streamId: 10_000 };
    const consumer = await attachConsumer(shared);
    try {
      const epochs = new Set<bigint>();
      for (let round = 0; round < 2; round++) {
        const producer = await attachProducer(shared);
        await producer.mapped();
        // On a machine that is busy a lease may end meanwhile; both come to one epoch.
        await until(
          () => consumer.epoch !== undefined && consumer.epoch === producer.epoch,
          "one epoch",
        );
        const { epoch = 0n } = consumer;
        expect(epochs.has(epoch)).toBe(false);
        epochs.add(epoch);
        producer.close();
      }
    } finally {
      consumer.close();
      await running.stop();
      close();
      await media.stop();
      rmSync(baseDir, { recursive: true });
    }
  });
});
