import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type AeronConnection,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { FrameTemplate, wire } from "@proj/tensor-pool";
import {
  type AttachedProducer,
  attachProducer,
  type DirectConsumer,
  openDirectConsumer,
  openPoller,
  parseConfig,
  type RunningPoolDriver,
  serveConsumers,
  startPoolDriver,
} from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";

const CHANNEL = "aeron:ipc?term-length=4m";
const FAR = "aeron:ipc?term-length=1m";
const BYTES = 2_000;
/** Keepalives that may be missed: a busy machine stops an event loop for seconds. */
const GRACE = 100;
const template = new FrameTemplate({ dtype: "uint8", shape: [BYTES] });

describeWith("relays of a driver", native, () => {
  const aeronDir = `/dev/shm/tensor-relays-aeron-${process.pid}`;
  const baseDir = `/dev/shm/tensor-relays-${process.pid}`;
  const open: { close(): void }[] = [];
  let media: EmbeddedDriver;
  let connection: AeronConnection;

  beforeEach(async () => {
    mkdirSync(baseDir, { mode: 0o700 });
    media = await startEmbeddedDriver({ aeronDir });
    connection = await connectAeron({ aeronDir });
  });
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) each.close();
    connection.close();
    await media.stop();
    const left = readdirSync(baseDir, { recursive: true });
    rmSync(baseDir, { recursive: true, force: true });
    expect(left).toEqual([]);
  });

  function keep<T extends { close(): void }>(each: T): T {
    open.push(each);
    return each;
  }

  async function start(
    namespace: string,
    more: string,
    controlStreamId = 1_000,
  ): Promise<RunningPoolDriver> {
    const parsed = parseConfig(`
[driver]
announce_stream_id = 1001
control_stream_id = ${controlStreamId}
[shm]
base_dir = "${baseDir}"
namespace = "${namespace}"
[policies]
cleanup_shm_on_exit = true
shutdown_timeout_ms = 0
prefault_shm = false
lease_expiry_grace_intervals = ${GRACE}
[profiles.p]
header_nslots = 64
payload_pools = [{ pool_id = 1, stride_bytes = 2048 }]
${more}`);
    if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
    const { client } = connection;
    return keep(await startPoolDriver({ client, config: parsed.config }));
  }

  async function publish(streamId: number): Promise<AttachedProducer> {
    const { client } = connection;
    const shared = { client, streamId, allowedDirs: [baseDir] };
    const producer = keep(await attachProducer({ ...shared, graceIntervals: GRACE }));
    await producer.mapped();
    // Some at once: too many for a limiter however seldom a busy machine lets them be published.
    const timer = setInterval(() => {
      for (let published = 0; published < 4; published++) {
        producer.publishBytes(template, new Uint8Array(BYTES).fill(producer.nextSeq));
      }
    }, 8);
    keep({
      close: () => {
        clearInterval(timer);
      },
    });
    return producer;
  }

  async function consume(streamId: number, descriptorStreamId = 1_100): Promise<DirectConsumer> {
    const { client } = connection;
    const allowedDirs = [baseDir];
    return keep(await openDirectConsumer({ client, streamId, descriptorStreamId, allowedDirs }));
  }

  async function frames(consumer: DirectConsumer, count: number): Promise<number[]> {
    const seqs: number[] = [];
    const take = (): boolean => {
      consumer.poll((frame) => {
        const [first] = frame.payload;
        if (frame.stillValid()) expect(first).toBe(frame.seq & 0xff);
        seqs.push(frame.seq);
      });
      return seqs.length >= count;
    };
    await until(take, `${count} frames`);
    return seqs;
  }

  const camera = '[streams.camera]\nstream_id = 10000\nprofile = "p"\n';
  const bridge = (role: string) => `
[bridge]
instance_id = "b1"
role = "${role}"
payload_channel = "${FAR}"
payload_stream_id = 3000
control_channel = "${FAR}"
control_stream_id = 3001
metadata_channel = "${FAR}"
metadata_stream_id = 3002
source_metadata_stream_id = 1300
integrity_crc32c = true
`;
  const carried = "source_stream_id = 10000\ndest_stream_id = 50000\n";

  test("§19: [bridge] of two drivers carries a stream from the one to the other, with its metadata", async () => {
    // Asked on one control stream, it would refuse what the other one grants.
    const far = await start("far", `${bridge("receiver")}[[mappings]]\n${carried}`, 1_010);
    const near = await start("near", `${camera}${bridge("sender")}[[mappings]]\n${carried}`);
    const producer = await publish(10_000);
    const { client } = connection;
    const source = { name: "camera", summary: "of a driver" };
    keep(await serveConsumers({ client, producer, supervisor: "elsewhere", source }));
    const told: number[] = [];
    const metadata = keep(
      await openPoller(client, CHANNEL, 1_300, (view, offset, length) => {
        if (view.getUint16(offset + 2, true) !== wire.TemplateId.DataSourceAnnounce) return;
        const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
        told.push(wire.decodeDataSourceAnnounce(bytes).streamId);
      }),
    );
    await frames(await consume(50_000), 30);
    await until(() => {
      metadata.poll();
      return told.includes(50_000);
    }, "metadata of the stream on the other side");
    const sent = near.relays.counters() as { b1: { "sender 10000": { frames: number } } };
    expect(sent.b1["sender 10000"].frames).toBeGreaterThanOrEqual(30);
    const received = far.relays.counters() as {
      b1: { "receiver 50000": Readonly<Record<string, number>> };
    };
    expect(received.b1["receiver 50000"]["published"]).toBeGreaterThanOrEqual(30);
    expect(received.b1["receiver 50000"]["checksum"]).toBeUndefined();
    await far.stop();
    expect(far.relays.counters()).toEqual({});
  });

  test("§19: [bridge] and [rate_limiter] of one driver follow each other", async () => {
    const driver = await start(
      "one",
      `${camera}${bridge("both")}[[bridge.mappings]]
${carried}
[rate_limiter]
instance_id = "r1"
descriptor_channel = "${CHANNEL}"
descriptor_stream_id = 1100
max_rate_hz = 20
[[rate_limiter.mappings]]
source_stream_id = 50000
dest_stream_id = 50001
`,
    );
    await publish(10_000);
    const consumer = await consume(50_001);
    const seqs = await frames(consumer, 10);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const { r1 } = driver.relays.counters() as {
      r1: { "limiter 50001": { received: number; passed: number } };
    };
    expect(r1["limiter 50001"].passed).toBeLessThan(r1["limiter 50001"].received / 2);
  });
});
