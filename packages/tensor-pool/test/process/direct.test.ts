import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type AeronConnection,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { backend } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { Consumer, DEFAULT_CHANNEL, Frame, StreamIds, type StreamLayout } from "@proj/tensor-pool";
import { type DirectConsumer, mapRegions, openDirectConsumer } from "@proj/tensor-pool/node";
import { seqCommit } from "#src/region/slot-header.js";
import { DescriptorWriter } from "#src/producer/descriptor-writer.js";
import { native } from "../support/native.js";

const STREAM = 10_001;
const attempts = Number(process.env["TORN_ATTEMPTS"] ?? 30_000);
const program = join(import.meta.dirname, "../support/writer-program.js");

describeWith("direct mode between processes", native, () => {
  const aeronDir = `/dev/shm/tensor-pool-aeron-${process.pid}`;
  const baseDir = `/dev/shm/tensor-pool-test-${process.pid}`;
  const children: ChildProcess[] = [];
  const connections: AeronConnection[] = [];
  const consumers: DirectConsumer[] = [];
  let driver: EmbeddedDriver;

  beforeEach(async () => {
    mkdirSync(baseDir, { mode: 0o700 });
    driver = await startEmbeddedDriver({ aeronDir });
  }, 60_000);
  afterEach(async () => {
    for (const consumer of consumers.splice(0)) consumer.close();
    for (const connection of connections.splice(0)) connection.close();
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await driver.stop();
    rmSync(baseDir, { recursive: true, force: true });
  }, 60_000);

  async function write(
    nslots: number,
    strideBytes: number,
    frames: number,
  ): Promise<{ child: ChildProcess; layout: StreamLayout }> {
    const args = [program, aeronDir, baseDir, STREAM, nslots, strideBytes, frames].map(String);
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
  }, 60_000);

  test("§26.3: no frame that was torn is accepted", async () => {
    const { layout } = await write(2, 1_024, 0);
    const folders = backend.shm.allow([baseDir]);
    const stream = mapRegions(folders, layout);
    const fence = (): void => {
      backend.shm.fence();
    };
    const consumer = new Consumer({ nowNs: () => 0n, fence, options: { maxOutstandingSeqGap: 0 } });
    consumer.map(stream);
    const descriptor = new DescriptorWriter(STREAM, layout.epoch);
    const view = new DataView(descriptor.bytes.buffer);
    const tally = { tried: 0, whole: 0, torn: 0, overwritten: 0, late: 0 };
    for (let index = 0; tally.tried < attempts; index ^= 1) {
      const state = seqCommit(stream.ring, index);
      const seq = Math.floor(state / 2);
      if (state % 2 === 0 || seq <= consumer.lastSeq) continue;
      tally.tried++;
      descriptor.write(seq, 0, undefined, undefined);
      const frame = consumer.accept(view, 0, 48);
      if (!(frame instanceof Frame)) {
        expect(frame).toBe("late");
        tally.late++;
        continue;
      }
      const words = frame.values() as Uint32Array;
      let same = 0;
      for (const word of words) if (word === seq >>> 0) same++;
      if (!frame.stillValid()) tally.overwritten++;
      else if (same === words.length) tally.whole++;
      else tally.torn++;
    }
    consumer.unmap();
    folders.close();
    expect(tally.torn).toBe(0);
    expect(tally.whole).toBeGreaterThan(attempts / 100);
    expect(tally.overwritten + tally.late).toBeGreaterThan(0);
  }, 300_000);

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
    expect(reasons).toEqual(["newEpoch"]);
    second.child.stdin?.write("go\n");
    const seen = { last: -1 };
    while (seen.last < 99) {
      consumer.poll((frame) => {
        seen.last = frame.seq;
      });
      await turn();
    }
  }, 60_000);

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
  }, 30_000);

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
  }, 60_000);

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
  }, 30_000);

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
  }, 30_000);
});
