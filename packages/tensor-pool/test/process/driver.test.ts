import { on } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type AeronConnection,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { type DriverEvent, PublishResult } from "@proj/tensor-pool";
import {
  attachConsumer,
  type AttachedConsumer,
  type AttachedProducer,
  attachProducer,
  type RunningPoolDriver,
  startPoolDriver,
} from "@proj/tensor-pool/node";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";
import { testConfig } from "../support/pool-config.js";
import type { WaitingReaderInput } from "../support/waiting-reader.js";

const STREAM = 10_000;
/** Keepalives that may be missed: a busy machine stops an event loop for seconds. */
const GRACE = 100;

describeWith("driver mode", native, () => {
  const aeronDir = `/dev/shm/tensor-driver-aeron-${process.pid}`;
  const baseDir = `/dev/shm/tensor-driver-${process.pid}`;
  const closing: { close(): void }[] = [];
  const events: DriverEvent[] = [];
  let media: EmbeddedDriver;
  let connection: AeronConnection;
  let running: RunningPoolDriver;

  beforeEach(async () => {
    mkdirSync(baseDir, { mode: 0o700 });
    events.length = 0;
    media = await startEmbeddedDriver({ aeronDir });
    connection = await connectAeron({ aeronDir });
    running = await start("cleanup_shm_on_exit = true");
  });
  afterEach(async () => {
    for (const each of closing.splice(0)) each.close();
    await running.stop();
    connection.close();
    await media.stop();
    const left = readdirSync(baseDir, { recursive: true });
    rmSync(baseDir, { recursive: true, force: true });
    expect(left).toEqual([]);
    expect(existsSync(aeronDir)).toBe(false);
  });

  function start(more: string): Promise<RunningPoolDriver> {
    const config = testConfig(baseDir, `lease_expiry_grace_intervals = ${GRACE}\n${more}`);
    const { client } = connection;
    return startPoolDriver({ client, config, onEvent: (event) => events.push(event) });
  }

  function common() {
    return {
      client: connection.client,
      streamId: STREAM,
      allowedDirs: [baseDir],
      keepaliveNs: 200_000_000n,
      graceIntervals: GRACE,
      announcePeriodNs: 200_000_000n,
    };
  }

  async function producer(
    changed: { readonly streamId?: number | undefined } = {},
  ): Promise<AttachedProducer> {
    const made = await attachProducer({ ...common(), ...changed });
    closing.push(made);
    return made;
  }

  async function consumer(reasons: string[] = []): Promise<AttachedConsumer> {
    const made = await attachConsumer({
      ...common(),
      onUnmapped: (reason) => reasons.push(reason),
    });
    closing.push(made);
    return made;
  }

  test("a tensor is published, claimed and read in place", async () => {
    const writer = await producer();
    await writer.mapped();
    const reader = await consumer();
    await reader.mapped();
    expect(reader.epoch).toBe(writer.epoch);
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(writer.publish({ dtype: "float32", shape: [2, 3], data })).toBe(0);
    const claim = writer.claim([2, 2], "uint16");
    if (typeof claim === "number") throw new Error(`no claim: ${claim}`);
    new Uint16Array(claim.bytes.buffer, claim.bytes.byteOffset, 4).set([7, 8, 9, 10]);
    claim.commit();
    const seen: unknown[] = [];
    for await (const frame of reader.frames()) {
      seen.push([frame.seq, frame.shape.dtype, frame.shape.dims, [...frame.values()]]);
      expect(frame.stillValid()).toBe(true);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([
      [0, "float32", [2, 3], [1, 2, 3, 4, 5, 6]],
      [1, "uint16", [2, 2], [7, 8, 9, 10]],
    ]);
    expect(writer.publish({ dtype: "uint8", shape: [5_000], data: new Uint8Array(5_000) })).toBe(
      PublishResult.noPool,
    );
    expect(writer.counters).toEqual({
      published: 2,
      dropsNoPool: 1,
      descriptorBackPressured: 0,
    });
  });

  test("a reader that blocks is woken for each frame", async () => {
    const writer = await attachProducer({ ...common(), wakeReaders: true });
    closing.push(writer);
    await writer.mapped();
    const frames = 20;
    const input: WaitingReaderInput = {
      aeronDir,
      baseDir,
      streamId: STREAM,
      frames,
      graceIntervals: GRACE,
    };
    const program = join(import.meta.dirname, "../support/waiting-reader.js");
    const reader = new Worker(program, { workerData: input });
    const told = on(reader, "message")[Symbol.asyncIterator]();
    const heard = async (): Promise<unknown> => (await told.next()).value?.[0];
    expect(await heard()).toBe("mapped");
    for (let frame = 0; frame < frames; frame++) {
      writer.publish({ dtype: "uint8", shape: [1], data: Uint8Array.of(frame) });
      expect(await heard()).toBe(frame);
    }
    const { waits } = (await heard()) as { waits: number };
    expect(waits).toBeGreaterThan(0);
    await reader.terminate();
  });

  test("a producer that leaves and comes back is followed through its epochs", async () => {
    const reasons: string[] = [];
    const first = await producer();
    await first.mapped();
    const reader = await consumer(reasons);
    await reader.mapped();
    const before = reader.epoch ?? 0n;
    first.close();
    expect(first.publish({ dtype: "uint8", shape: [1], data: new Uint8Array(1) })).toBe(
      PublishResult.leaseLost,
    );
    await until(() => {
      reader.poll(() => undefined);
      return !reader.isMapped || reader.epoch !== before;
    }, "the reader to let go of the epoch");
    expect(reasons[0]).toBe("producerGone");
    const second = await producer();
    await second.mapped();
    await until(() => {
      reader.poll(() => undefined);
      return reader.epoch === second.epoch;
    }, "the next epoch");
    second.publish({ dtype: "uint8", shape: [1], data: Uint8Array.of(42) });
    for await (const frame of reader.frames()) {
      expect([frame.seq, frame.payload[0]]).toEqual([0, 42]);
      break;
    }
  });

  test("a lease that is revoked ends writing at once; the next one begins an epoch", async () => {
    const writer = await producer();
    await writer.mapped();
    const before = writer.epoch ?? 0n;
    const [lease] = running.driver.leases();
    running.driver.revoke(process.hrtime.bigint(), lease?.leaseId ?? 0n, "test");
    await until(() => writer.epoch !== before, "the next epoch");
    expect(writer.publish({ dtype: "uint8", shape: [1], data: new Uint8Array(1) })).toBe(
      PublishResult.leaseLost,
    );
    await writer.mapped();
    expect(writer.epoch).toBeGreaterThan(before);
    expect(writer.publish({ dtype: "uint8", shape: [1], data: new Uint8Array(1) })).toBe(0);
  });

  test("a second driver of the namespace is refused; a new one goes on above the epochs of the old", async () => {
    await expect(start("")).rejects.toMatchObject({ code: "tensor_pool.driver_active" });
    const writer = await producer();
    await writer.mapped();
    const before = writer.epoch ?? 0n;
    await running.stop();
    running = await start("cleanup_shm_on_exit = true");
    await until(() => writer.epoch !== before, "the next epoch");
    await writer.mapped();
    expect(writer.epoch).toBeGreaterThan(before);
  });

  test("a stream that nobody configured is made from the range", async () => {
    const writer = await producer({ streamId: undefined });
    await writer.mapped();
    expect(writer.streamId).toBe(20_000);
  });
});
