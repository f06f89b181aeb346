import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type AeronConnection,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { backend } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { DEFAULT_CHANNEL, StreamIds, type StreamLayout } from "@proj/tensor-pool";
import { type DirectConsumer, mapRegions, openDirectConsumer } from "@proj/tensor-pool/node";
import { DescriptorWriter } from "#src/producer/descriptor-writer.js";
import { native } from "../support/native.js";
import type { Tally, TornReaderInput } from "../support/torn-reader.js";

const STREAM = 10_001;
// TORN_ATTEMPTS=10000000 is the proof of the long run, in some minutes.
const attempts = Number(process.env["TORN_ATTEMPTS"] ?? 30_000);
const limitMs = process.env["TORN_ATTEMPTS"] === undefined ? 15_000 : Infinity;
const program = join(import.meta.dirname, "../support/writer-program.js");

describeWith("direct mode between processes", native, () => {
  const aeronDir = `/dev/shm/tensor-pool-aeron-${process.pid}`;
  const baseDir = `/dev/shm/tensor-pool-test-${process.pid}`;
  const children: ChildProcess[] = [];
  const readers: Worker[] = [];
  const connections: AeronConnection[] = [];
  const consumers: DirectConsumer[] = [];
  let driver: EmbeddedDriver;

  beforeEach(async () => {
    mkdirSync(baseDir, { mode: 0o700 });
    driver = await startEmbeddedDriver({ aeronDir });
  });
  afterEach(async () => {
    for (const consumer of consumers.splice(0)) consumer.close();
    for (const connection of connections.splice(0)) connection.close();
    for (const child of children.splice(0)) child.kill("SIGKILL");
    for (const reader of readers.splice(0)) await reader.terminate();
    await driver.stop();
    rmSync(baseDir, { recursive: true, force: true });
  });

  async function write(
    nslots: number,
    strideBytes: number,
    frames: number,
    wake: "" | "wake" = "",
  ): Promise<{ child: ChildProcess; layout: StreamLayout }> {
    const args = [program, aeronDir, baseDir, STREAM, nslots, strideBytes, frames, wake].map(
      String,
    );
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const [, epoch = "", ring = "", pool = ""] = line.toString().trim().split(" ");
    const file = { kind: "file", requireHugepages: false } as const;
    const layout: StreamLayout = {
      streamId: STREAM,
      producerId: 1,
      epoch: BigInt(epoch),
      announceTimestampNs: 0n,
      clock: "monotonic",
      nslots,
      ring: { ...file, path: ring },
      pools: [{ poolId: 1, strideBytes, uri: { ...file, path: pool } }],
    };
    return { child, layout };
  }

  async function consume(reasons: string[] = []): Promise<DirectConsumer> {
    const connection = await connectAeron({ aeronDir });
    connections.push(connection);
    const consumer = await openDirectConsumer({
      client: connection.client,
      streamId: STREAM,
      allowedDirs: [baseDir],
      maxOutstandingSeqGap: 0,
      onUnmapped: (reason) => reasons.push(reason),
    });
    consumers.push(consumer);
    return consumer;
  }

  test("every frame reaches two consumers whole and in order, without a copy", async () => {
    const frames = 5_000;
    const { child } = await write(8_192, 4_096, frames);
    const both = [await consume(), await consume()];
    while (!both.every((consumer) => consumer.isMapped)) {
      for (const consumer of both) consumer.poll(() => undefined);
      await turn();
    }
    child.stdin?.write("go\n");
    const seen = [0, 0];
    const faults: string[] = [];
    while (seen.some((count) => count < frames)) {
      for (const [which, consumer] of both.entries()) {
        consumer.poll((frame) => {
          const values = frame.values() as Uint32Array;
          if (frame.seq !== seen[which]) faults.push(`frame ${frame.seq}, not ${seen[which]}`);
          if (values[0] !== frame.seq || values.at(-1) !== frame.seq) faults.push("wrong values");
          if (!frame.stillValid()) faults.push("overwritten");
          seen[which] = frame.seq + 1;
        });
      }
      await turn();
    }
    expect(faults).toEqual([]);
    expect(both.map(({ consumer }) => consumer.counters.dropsGap)).toEqual([0, 0]);
    child.stdin?.write("stop\n");
    await once(child, "exit");
    expect(readdirSync(baseDir)).toEqual([]);
  });

  test.each(["busy", "blocking"] as const)(
    "§26.3: no frame that was torn is accepted, %s",
    async (waiting) => {
      const { layout } = await write(2, 1_024, 0, waiting === "blocking" ? "wake" : "");
      const reader = new Worker(join(import.meta.dirname, "../support/torn-reader.js"), {
        workerData: { baseDir, layout, attempts, limitMs, waiting } satisfies TornReaderInput,
      });
      readers.push(reader);
      const [tally] = (await once(reader, "message")) as [Tally];
      if (attempts > 100_000) process.stderr.write(`${waiting}: ${JSON.stringify(tally)}\n`);
      expect(tally).toMatchObject({ torn: 0, other: 0 });
      expect(tally.whole).toBeGreaterThan(0);
      if (tally.tried >= attempts) expect(tally.overwritten + tally.late).toBeGreaterThan(0);
    },
    120_000 + attempts / 10,
  );

  test("a producer that is killed is followed by the next epoch", async () => {
    const reasons: string[] = [];
    const consumer = await consume(reasons);
    const first = await write(64, 64, 1e9);
    while (!consumer.isMapped) {
      consumer.poll(() => undefined);
      await turn();
    }
    first.child.kill("SIGKILL");
    const second = await write(64, 64, 100);
    while (consumer.consumer.stream?.epoch !== second.layout.epoch) {
      consumer.poll(() => undefined);
      await turn();
    }
    // A machine that is busy may take so long to start the second that the first was given up already.
    expect(reasons).toHaveLength(1);
    expect(["newEpoch", "producerSilent"]).toContain(reasons[0]);
    second.child.stdin?.write("go\n");
    const seen = { last: -1 };
    while (seen.last < 99) {
      consumer.poll((frame) => {
        seen.last = frame.seq;
      });
      await turn();
    }
  });

  test("§9: a producer that is killed and not followed is given up", async () => {
    const reasons: string[] = [];
    const consumer = await consume(reasons);
    const { child } = await write(64, 64, 1e9);
    while (!consumer.isMapped) {
      consumer.poll(() => undefined);
      await turn();
    }
    child.kill("SIGKILL");
    while (consumer.isMapped) {
      consumer.poll(() => undefined);
      await turn();
    }
    expect(reasons).toEqual(["producerSilent"]);
  });

  test("regions that are not what was announced are refused whole", async () => {
    const { child, layout } = await write(64, 512, 1e9);
    const folders = backend.shm.allow([baseDir]);
    const map = (changed: Partial<StreamLayout>) => () =>
      mapRegions(folders, { ...layout, ...changed });
    const [pool] = layout.pools;
    if (pool === undefined) throw new Error("no pool");
    expect(map({ epoch: 1n })).toThrow("epoch");
    expect(map({ streamId: 1 })).toThrow("streamId");
    expect(map({ nslots: 128 })).toThrow();
    expect(map({ pools: [{ ...pool, strideBytes: 256 }] })).toThrow();
    expect(map({ pools: [{ ...pool, poolId: 2 }] })).toThrow("poolId");
    expect(map({ ring: pool.uri })).toThrow("regionType");
    expect(map({ ring: { ...layout.ring, path: "/etc/passwd" } })).toThrow();
    expect(map({ ring: { ...layout.ring, path: `${baseDir}/../x` } })).toThrow();
    child.kill("SIGKILL");
    await once(child, "exit");
    truncateSync(pool.uri.path, 100);
    expect(map({})).toThrow();
    folders.close();
    expect(existsSync(pool.uri.path)).toBe(true);
  });

  test("§26.5: slots lie right beyond 4 GiB, in a file that takes no memory", async () => {
    const strideBytes = 8_388_608;
    const { layout } = await write(1_024, strideBytes, 1e9);
    const folders = backend.shm.allow([baseDir]);
    const stream = mapRegions(folders, layout);
    const last = stream.pool(1)?.slot(1_023);
    expect(last).toHaveLength(strideBytes);
    expect(last?.[0]).toBe(0);
    const [pool] = layout.pools;
    expect(statSync(pool?.uri.path ?? "").blocks * 512).toBeLessThan(1_048_576);
    stream.unmap();
    folders.close();
  });

  test("frames() yields what poll() hands out", async () => {
    const consumer = await consume();
    const { child } = await write(64, 64, 10);
    while (!consumer.isMapped) {
      consumer.poll(() => undefined);
      await turn();
    }
    child.stdin?.write("go\n");
    const seqs: number[] = [];
    for await (const frame of consumer.frames()) {
      seqs.push(frame.seq);
      if (frame.seq === 9) break;
    }
    expect(seqs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("frames() gives a stream up whose numbers went back, and follows its next epoch", async () => {
    const reasons: string[] = [];
    const consumer = await consume(reasons);
    const { layout } = await write(64, 64, 1e9);
    while (!consumer.isMapped) {
      consumer.poll(() => undefined);
      await turn();
    }
    const { client } = await connectAeron({ aeronDir }).then((connection) => {
      connections.push(connection);
      return connection;
    });
    const stray = await client.addExclusivePublication(DEFAULT_CHANNEL, StreamIds.descriptor);
    const descriptor = new DescriptorWriter(STREAM, layout.epoch);
    for (const seq of [5, 2]) {
      descriptor.write(seq, 0, undefined, undefined);
      while (stray.offer(descriptor.bytes) < 0) await turn();
    }
    const next = consumer.frames().next();
    while (!reasons.includes("leaseLost")) await turn();
    const second = await write(64, 64, 10);
    while (consumer.consumer.stream?.epoch !== second.layout.epoch) await turn();
    second.child.stdin?.write("go\n");
    expect((await next).value).toMatchObject({ seq: 0 });
  });
});
