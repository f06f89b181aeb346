import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Client } from "@proj/aeron";
import {
  type AeronConnection,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { FrameTemplate, type ProgressMessage, StreamIdPool, wire } from "@proj/tensor-pool";
import {
  attachConsumer,
  attachProducer,
  type DirectConsumer,
  type DirectProducer,
  joinSupervisor,
  openDirectConsumer,
  openPoller,
  parseConfig,
  serveConsumers,
  startBridgeReceiver,
  startBridgeSender,
  startDirectProducer,
  startPoolDriver,
  startRateLimiter,
} from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";

const CHANNEL = "aeron:ipc?term-length=4m";
/** Keepalives that may be missed: a busy machine stops an event loop for seconds. */
const GRACE = 100;
const template = new FrameTemplate({ dtype: "uint8", shape: [2_000] });

describeWith("beside frames", native, () => {
  const baseDir = mkdtempSync("/dev/shm/services-");
  const aeronDir = join(baseDir, "aeron");
  const open: { close(): void }[] = [];
  let driver: EmbeddedDriver;
  let connection: AeronConnection;
  let client: Client;

  beforeAll(async () => {
    driver = await startEmbeddedDriver({ aeronDir });
    connection = await connectAeron({ aeronDir });
    ({ client } = connection);
  });
  afterEach(() => {
    for (const each of open.splice(0).toReversed()) each.close();
  });
  afterAll(async () => {
    connection.close();
    await driver.stop();
    expect(readdirSync(baseDir)).toEqual([]);
    rmSync(baseDir, { recursive: true, force: true });
  });

  function keep<T extends { close(): void }>(each: T): T {
    open.push(each);
    return each;
  }

  async function produce(streamId: number, nslots = 16): Promise<DirectProducer> {
    const pools = [{ poolId: 1, strideBytes: 2_048 }];
    return keep(await startDirectProducer({ client, streamId, nslots, pools, baseDir }));
  }

  async function consume(streamId: number): Promise<DirectConsumer> {
    return keep(await openDirectConsumer({ client, streamId, allowedDirs: [baseDir] }));
  }

  /** Waits until `done`, with a `turn` before each further look. */
  function untilAfter(turn: () => void, done: () => boolean, what: string): Promise<void> {
    return until(() => {
      if (done()) return true;
      turn();
      return false;
    }, what);
  }

  function keepDoing(what: () => void): { close(): void } {
    const timer = setInterval(what, 2);
    return keep({
      close: () => {
        clearInterval(timer);
      },
    });
  }

  /** Publishes frames every few milliseconds; the bytes of each are its number. */
  function keepPublishing({ producer }: DirectProducer, atOnce = 1): void {
    keepDoing(() => {
      for (let published = 0; published < atOnce; published++) {
        const payload = new Uint8Array(2_000).fill(producer.nextSeq);
        producer.publish(template, payload, { traceId: BigInt(producer.nextSeq + 1) });
      }
    });
  }

  test("§26.9: a consumer gets streams of its own, and changes over without losing a frame", async () => {
    const direct = await produce(10_000, 1_024);
    const served = keep(
      await serveConsumers({
        client,
        producer: direct,
        supervisor: {
          descriptorIds: new StreamIdPool({ first: 31_000, last: 31_099 }),
          controlIds: new StreamIdPool({ first: 32_000, last: 32_099 }),
        },
        source: { name: "camera", summary: "of a test" },
      }),
    );
    const consumer = await consume(10_000);
    await untilAfter(
      () => consumer.poll(() => undefined),
      () => consumer.isMapped,
      "the consumer to be mapped",
    );
    keepPublishing(direct);
    const seqs: number[] = [];
    const take = (): void => {
      consumer.poll((frame) => seqs.push(frame.seq));
    };
    await untilAfter(take, () => seqs.length > 20, "twenty frames");
    const progress: ProgressMessage[] = [];
    // A consumer that does not read while it joins falls behind where that takes long.
    const taking = keepDoing(take);
    const joined = keep(
      await joinSupervisor({
        client,
        consumer,
        streamId: 10_000,
        consumerId: 7,
        descriptors: { channel: CHANNEL, streamId: 31_005 },
        control: { channel: CHANNEL, streamId: 32_005 },
        progress: { intervalUs: 0 },
        onProgress: (message) => progress.push(message),
      }),
    );
    taking.close();
    await untilAfter(take, () => joined.link.reads === "own", "streams of its own");
    const before = seqs.length;
    await untilAfter(take, () => seqs.length > before + 100, "frames of its own stream");
    const { dropsGap, dropsLate } = consumer.consumer.counters;
    expect({ dropsGap, dropsLate }).toEqual({ dropsGap: 0, dropsLate: 0 });
    expect(seqs).toEqual(seqs.map((_, index) => index + (seqs[0] ?? 0)));
    expect(direct.descriptors.ownCount).toBe(1);
    expect(served.consumers()).toHaveLength(1);

    // Progress goes to its own control stream.
    const report = (): boolean => {
      served.progress.start(0, 1_000_000 + progress.length, 100);
      served.progress.update(1_000, 50);
      served.progress.complete();
      return progress.length > 3;
    };
    await untilAfter(take, report, "progress");
    expect(progress.slice(0, 3).map(({ state }) => state)).toEqual([
      wire.FrameProgressState.STARTED,
      wire.FrameProgressState.PROGRESS,
      wire.FrameProgressState.COMPLETE,
    ]);
  });

  test("§26.9: with a driver it answers, and the producer gives what it answered", async () => {
    const parsed = parseConfig(`
[shm]
base_dir = "${baseDir}"
[driver]
announce_stream_id = 1001
[policies]
cleanup_shm_on_exit = true
lease_expiry_grace_intervals = ${GRACE}
[profiles.p]
header_nslots = 1024
payload_pools = [{ pool_id = 1, stride_bytes = 2048 }]
[streams.s]
stream_id = 10009
profile = "p"
[supervisor]
per_consumer_enabled = true
per_consumer_descriptor_base = 31000
per_consumer_descriptor_range = 100
per_consumer_control_base = 32000
per_consumer_control_range = 100
`);
    if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
    const pool = keep(await startPoolDriver({ client, config: parsed.config }));
    const attach = {
      client,
      streamId: 10_009,
      allowedDirs: [baseDir],
      graceIntervals: GRACE,
    };
    const producer = keep(await attachProducer(attach));
    await producer.mapped();
    const source = { name: "camera", summary: "of a driver" };
    const serving = { client, producer, supervisor: "elsewhere", source } as const;
    const served = keep(await serveConsumers(serving));
    const consumer = keep(await attachConsumer(attach));
    await consumer.mapped();
    const seqs: number[] = [];
    const progress: ProgressMessage[] = [];
    const turn = (): void => {
      producer.publishBytes(template, new Uint8Array(2_000));
      consumer.poll((frame) => seqs.push(frame.seq));
    };
    await untilAfter(turn, () => seqs.length > 20, "twenty frames");
    const joined = keep(
      await joinSupervisor({
        client,
        consumer,
        streamId: 10_009,
        consumerId: 8,
        descriptors: { channel: CHANNEL, streamId: 31_007 },
        control: { channel: CHANNEL, streamId: 32_007 },
        progress: { intervalUs: 0 },
        onProgress: (message) => progress.push(message),
      }),
    );
    const isOwn = (): boolean => joined.link.reads === "own" && producer.descriptors.ownCount === 1;
    await untilAfter(turn, isOwn, "streams of its own");
    const before = seqs.length;
    await untilAfter(turn, () => seqs.length > before + 100, "frames of its own stream");
    expect(consumer.counters).toMatchObject({ dropsGap: 0, dropsLate: 0 });
    expect(seqs).toEqual(seqs.map((_, index) => index + (seqs[0] ?? 0)));
    expect(pool.supervisor.consumers).toMatchObject([{ consumerId: 8, streamId: 10_009 }]);
    const report = (): boolean => {
      served.progress.start(0, 1_000_000 + progress.length, 100);
      served.progress.complete();
      return progress.length > 2;
    };
    await untilAfter(turn, report, "progress");
    expect(progress[0]?.epoch).toBe(producer.epoch);
  });

  test("§11, §12: both sides tell how they fare, and the stream what it is", async () => {
    const direct = await produce(10_001);
    keep(
      await serveConsumers({
        client,
        producer: direct,
        source: { name: "radar", summary: "of a test" },
      }),
    );
    const consumer = await consume(10_001);
    keep(
      await joinSupervisor({ client, consumer, streamId: 10_001, consumerId: 8, maxRateHz: 20 }),
    );
    keepPublishing(direct);
    const seen = new Set<number>();
    const note = (view: DataView, offset: number): void => {
      if (view.getUint32(offset + 8, true) === 10_001) seen.add(view.getUint16(offset + 2, true));
    };
    const pollers = [
      keep(await openPoller(client, CHANNEL, 1_200, note)),
      keep(await openPoller(client, CHANNEL, 1_300, note)),
    ];
    const { QosConsumer, QosProducer, DataSourceAnnounce, DataSourceMeta } = wire.TemplateId;
    const turn = (): void => {
      consumer.poll(() => undefined);
      for (const poller of pollers) poller.poll();
    };
    await untilAfter(turn, () => seen.size === 4, "messages of four kinds");
    expect([...seen].toSorted((a, b) => a - b)).toEqual([
      QosConsumer,
      QosProducer,
      DataSourceAnnounce,
      DataSourceMeta,
    ]);
    // Its descriptors are everybody's, so that it keeps to its rate itself.
    expect(consumer.consumer.counters.drops.rateLimited).toBeGreaterThan(0);
  });

  test("§19: frames cross a bridge under their numbers, with what the stream says of itself", async () => {
    const source = await produce(10_002);
    const served = keep(
      await serveConsumers({ client, producer: source, source: { name: "far", summary: "" } }),
    );
    served.metadata?.setAttributes([{ key: "k", format: "text/plain", value: Uint8Array.of(1) }]);
    const payloadChannel = "aeron:ipc?term-length=1m";
    const receiver = keep(
      await startBridgeReceiver({
        client,
        payloadChannel,
        sourceStreamId: 10_002,
        limits: { integrityCrc32c: true },
        target: {
          streamId: 50_000,
          nslots: 16,
          pools: [{ poolId: 3, strideBytes: 4_096 }],
          baseDir,
        },
      }),
    );
    const sender = keep(
      await startBridgeSender({
        client,
        payloadChannel,
        streamId: 10_002,
        allowedDirs: [baseDir],
        limits: { integrityCrc32c: true },
      }),
    );
    const names: string[] = [];
    const metadata = keep(
      await openPoller(client, CHANNEL, 1_300, (view, offset, length) => {
        const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
        if (view.getUint16(offset + 2, true) !== wire.TemplateId.DataSourceAnnounce) return;
        const announce = wire.decodeDataSourceAnnounce(bytes.slice());
        if (announce.streamId === 50_000) names.push(announce.name);
      }),
    );
    const consumer = await consume(50_000);
    keepPublishing(source);
    const frames: { seq: number; first: number; traceId: bigint | undefined }[] = [];
    const turn = (): void => {
      metadata.poll();
      consumer.poll(({ seq, payload, traceId }) =>
        frames.push({ seq, first: payload[0] ?? -1, traceId }),
      );
    };
    await untilAfter(turn, () => frames.length >= 30 && names.length > 0, "frames and their name");
    expect(
      frames.every(
        ({ seq, first, traceId }) => first === (seq & 0xff) && traceId === BigInt(seq + 1),
      ),
    ).toBe(true);
    expect(names[0]).toBe("far");
    expect(sender.counters()["frames"]).toBeGreaterThanOrEqual(30);
    expect(receiver.counters()["published"]).toBeGreaterThanOrEqual(30);
    expect(receiver.counters()["checksum"]).toBeUndefined();
  });

  test("§19: a stream is published again at a lower rate", async () => {
    const source = await produce(10_003);
    const limiter = keep(
      await startRateLimiter({
        client,
        sourceStreamId: 10_003,
        allowedDirs: [baseDir],
        maxRateHz: 20,
        target: {
          streamId: 10_004,
          nslots: 16,
          pools: [{ poolId: 1, strideBytes: 2_048 }],
          baseDir,
        },
      }),
    );
    const consumer = await consume(10_004);
    // Too many for the rate however seldom a busy machine lets the source publish.
    keepPublishing(source, 4);
    const seqs: number[] = [];
    const take = (): void => {
      consumer.poll(({ seq }) => seqs.push(seq));
    };
    await untilAfter(take, () => seqs.length >= 10, "ten frames");
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(limiter.counters.passed).toBeLessThan(limiter.counters.received / 2);
    expect(consumer.consumer.counters.dropsGap).toBeGreaterThan(0);
  });
});
