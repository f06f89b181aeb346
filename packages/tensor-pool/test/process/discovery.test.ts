import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import {
  attachConsumer,
  type AttachedConsumer,
  attachProducer,
  findStreams,
  startDiscovery,
  startPoolDriver,
} from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";
import { testConfig } from "../support/pool-config.js";

describeWith("discovery", native, () => {
  test("a stream is found by its tag, and read by attaching to the driver that was found", async () => {
    const aeronDir = `/dev/shm/tensor-discovery-aeron-${process.pid}`;
    const baseDir = `/dev/shm/tensor-discovery-${process.pid}`;
    mkdirSync(baseDir, { mode: 0o700 });
    const media = await startEmbeddedDriver({ aeronDir });
    const { client, close } = await connectAeron({ aeronDir });
    const config = testConfig(
      baseDir,
      `cleanup_shm_on_exit = true
[discovery]
driver_instance_id = "driver-01"
driver_control_channel = "aeron:ipc?term-length=4m"
driver_control_stream_id = 1000`,
    );
    if (config.discovery === undefined) throw new Error("no discovery");
    const running = await startPoolDriver({ client, config });
    const service = await startDiscovery({ client, config: config.discovery });
    service.provider.index.mark(10_000, { tags: ["lab", "cam"] });
    const shared = { client, allowedDirs: [baseDir], streamId: 10_000 };
    const producer = await attachProducer(shared);
    let consumer: AttachedConsumer | undefined;
    try {
      await producer.mapped();
      let found: Awaited<ReturnType<typeof findStreams>> = [];
      const isFound = async (): Promise<boolean> => {
        found = await findStreams({ client, tags: ["cam"] });
        return found[0]?.producerId === producer.lease.clientId;
      };
      await until(isFound, "the producer's stream", { everyMs: 10 });
      expect(found).toMatchObject([
        { streamId: 10_000, driverInstanceId: "driver-01", tags: ["lab", "cam"] },
      ]);
      expect(await findStreams({ client, tags: ["lab", "other"] })).toEqual([]);
      const [stream] = found;
      const attached = await attachConsumer({
        ...shared,
        controlChannel: stream?.driverControlChannel ?? "",
        controlStreamId: stream?.driverControlStreamId ?? 0,
      });
      consumer = attached;
      // On a machine that is busy a lease may end meanwhile; both come back to one epoch.
      await until(
        () => attached.epoch !== undefined && attached.epoch === producer.epoch,
        "one epoch",
      );
      attached.close();
      service.close();
      await expect(findStreams({ client, timeoutMs: 300 })).rejects.toMatchObject({
        code: "tensor_pool.discovery_timeout",
      });
    } finally {
      consumer?.close();
      producer.close();
      service.close();
      await running.stop();
      close();
      await media.stop();
      rmSync(baseDir, { recursive: true, force: true });
    }
  });
});
