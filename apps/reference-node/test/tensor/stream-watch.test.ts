import { expect, test } from "@jest/globals";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { portable } from "@proj/native-io";
import { DEFAULT_CHANNEL, encodeAnnounce, StreamIds, type StreamLayout } from "@proj/tensor-pool";
import { until } from "@proj/wire-types/testing";
import { StreamWatch } from "#src/tensor/stream-watch.js";

const region = (path: string) => ({ kind: "file", path, requireHugepages: false }) as const;
const layout: StreamLayout = {
  streamId: 10_000,
  producerId: 5,
  epoch: 9n,
  announceTimestampNs: 1n,
  clock: "monotonic",
  nslots: 8,
  ring: region("/dev/shm/ring"),
  pools: [{ poolId: 1, strideBytes: 64, uri: region("/dev/shm/pool") }],
};

test.each([
  ["their own stream", StreamIds.announce],
  ["the control stream, as a driver whose configuration names none", StreamIds.control],
])("announces are seen on %s", async (_where, streamId) => {
  const options = { aeronDir: "/dev/shm", backend: portable };
  const driver = await startEmbeddedDriver(options);
  const { client, close } = await connectAeron(options);
  const watch = new StreamWatch();
  await watch.start(client);
  const publication = await client.addPublication(DEFAULT_CHANNEL, streamId);
  const announce = encodeAnnounce(layout);
  await until(() => publication.offer(announce) >= 0, "the publication to be connected");
  let seen = watch.look(Date.now());
  await until(() => {
    watch.poll();
    seen = watch.look(Date.now());
    return seen.length > 0;
  }, "the announce");
  expect(seen).toMatchObject([{ streamId: 10_000, producerId: 5, epoch: 9n, strides: [64] }]);
  watch.close();
  close();
  await driver.stop();
});
