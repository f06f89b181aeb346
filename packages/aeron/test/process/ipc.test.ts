import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { AeronError, FragmentAssembler } from "@proj/aeron";
import {
  type AeronConnection,
  BackoffIdle,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { native } from "../support/native.js";

const STREAM = 77;
const count = Number(process.env["AERON_MESSAGES"] ?? 60_000);
// A machine that is busy needs a hundred times as long as an idle one.
const timeoutMs = 60_000 + count;
const program = join(import.meta.dirname, "../support/writer-program.js");

describeWith("between processes", native, () => {
  const folder = `/dev/shm/aeron-process-${process.pid}`;
  const writers: ChildProcess[] = [];
  const connections: AeronConnection[] = [];
  let driver: EmbeddedDriver | undefined;

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    for (const writer of writers.splice(0)) writer.kill("SIGKILL");
    await driver?.stop();
    driver = undefined;
  });

  async function start(): Promise<AeronConnection> {
    driver = await startEmbeddedDriver({ aeronDir: folder, termLength: 131_072 });
    return await connect();
  }

  async function connect(): Promise<AeronConnection> {
    const connection = await connectAeron({ aeronDir: folder });
    connections.push(connection);
    return connection;
  }

  function write(kind: "shared" | "exclusive", writer: number, messages = count): ChildProcess {
    const args = [program, folder, String(STREAM), String(messages), kind, String(writer)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    writers.push(child);
    return child;
  }

  test.each(["shared", "exclusive"] as const)(
    "§13.3: two %s writers over many small terms: nothing is lost, repeated or out of order",
    async (kind) => {
      const { client } = await start();
      const subscription = await client.addSubscription("aeron:ipc", STREAM);
      write(kind, 1);
      write(kind, 2);
      const next = [0, 0, 0];
      const found = { faults: 0 };
      const assembler = new FragmentAssembler((term, offset, length) => {
        const writer = term.view.getUint32(offset, true);
        const number = term.view.getUint32(offset + 4, true);
        const whole =
          number === next[writer] &&
          length === 8 + ((number * 31) % 2_000) &&
          (length === 8 || term.bytes[offset + length - 1] === writer);
        if (!whole) found.faults++;
        next[writer] = number + 1;
      });
      const done = (): boolean => next[1] === count && next[2] === count;
      const idle = new BackoffIdle({ thread: "own" });
      while (!done() && found.faults === 0) {
        if (subscription.poll(assembler.handle, 256) > 0) idle.reset();
        await idle.idle();
        if (subscription.isClosed) throw new Error(`closed after ${next.join(" and ")} messages`);
      }
      expect({ ...found, next }).toEqual({ faults: 0, next: [0, count, count] });
    },
    timeoutMs,
  );

  test("writers that are killed at any moment stop nobody for long, and leave no files", async () => {
    const { client } = await start();
    const subscription = await client.addSubscription("aeron:ipc", STREAM);
    const seen = { messages: 0 };
    const assembler = new FragmentAssembler(() => {
      seen.messages++;
    });
    for (let round = 0; round < 4; round++) {
      const child = write("exclusive", round, 1e9);
      const before = seen.messages;
      while (seen.messages < before + 1_000 * (round + 1)) {
        if (subscription.poll(assembler.handle, 64) === 0) await turn();
      }
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    while (subscription.isConnected) {
      subscription.poll(assembler.handle, 1_000);
      await turn();
    }
    const logs = join(folder, "publications");
    while (readdirSync(logs).length > 0) await turn();
  });

  test("§13.7: a driver that is killed is noticed, and another one takes its place", async () => {
    const reasons: (AeronError | undefined)[] = [];
    driver = await startEmbeddedDriver({ aeronDir: folder });
    const first = await connectAeron({ aeronDir: folder, onClosed: (why) => reasons.push(why) });
    const publication = await first.client.addPublication("aeron:ipc", STREAM);
    process.kill(driver.pid, "SIGKILL");
    await driver.stop();
    while (!first.client.isClosed) await turn();
    expect(reasons[0]).toBeInstanceOf(AeronError);
    expect(publication.isClosed).toBe(true);
    const { client } = await start();
    expect(client.isClosed).toBe(false);
    expect(readdirSync(join(folder, "publications"))).toEqual([]);
  });

  test("a client whose thread is blocked stays alive where a worker keeps it, and only there", async () => {
    driver = await startEmbeddedDriver({ aeronDir: folder, clientTimeoutMs: 3_000 });
    const kept = await connectAeron({ aeronDir: folder, keepAlive: "worker" });
    connections.push(kept);
    const other = await connect();
    const reader = await kept.client.addSubscription("aeron:ipc", STREAM);
    await other.client.addPublication("aeron:ipc", STREAM);
    while (!reader.isConnected) await turn();
    // Workers start on their own; by then it beats.
    await sleep(1_000);
    const publication = await kept.client.addPublication("aeron:ipc", STREAM + 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
    while (!other.client.isClosed) await turn();
    await sleep(100);
    expect(kept.client.isClosed).toBe(false);
    expect(publication.isClosed).toBe(false);
  });

  test("a second driver in the same directory is refused", async () => {
    await start();
    await expect(startEmbeddedDriver({ aeronDir: folder })).rejects.toMatchObject({
      code: "aeron.driver_active",
    });
  });

  test("a driver that stops leaves nothing behind", async () => {
    const { client } = await start();
    await client.addPublication("aeron:ipc", STREAM);
    for (const connection of connections.splice(0)) connection.close();
    await driver?.stop();
    expect(existsSync(folder)).toBe(false);
  });

  test("without a driver there is an error and no hanging", async () => {
    await expect(connectAeron({ aeronDir: folder, timeoutMs: 50 })).rejects.toMatchObject({
      code: "aeron.no_driver",
    });
  });
});
