import { existsSync, rmSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Client, FragmentAssembler, type Subscription } from "@proj/aeron";
import {
  type AeronConnection,
  BackoffIdle,
  connectAeron,
  type EmbeddedDriver,
  startEmbeddedDriver,
} from "@proj/aeron/node";
import { describeWith, java, type Peer } from "@proj/peers";
import { JavaPeer, type JavaProcess } from "../support/java-peer.js";
import { fault, messageOf, offer } from "../support/messages.js";
import { native } from "../support/native.js";

const STREAM = 1_001;
const count = Number(process.env["AERON_MESSAGES"] ?? 20_000);
// AERON_MESSAGES=10000000 is the proof of the long run; every commit gets less.
// A machine that is busy needs a hundred times as long as an idle one.
const timeoutMs = 60_000 + count;
// A client shows that it lives from the event loop, which must turn however much there is to do.
const OFFERS_A_TURN = 4_096;

/** Counts messages that come in order, and notes the first that is wrong. */
class Inbox {
  next = 0;
  wrong: string | undefined;
  readonly assembler: FragmentAssembler = new FragmentAssembler((term, offset, length) => {
    this.wrong ??= fault(this.next, term, offset, length);
    this.next++;
  });
}

/** Java, and a shared memory to meet it in. */
function javaAndNative(): Peer<string> {
  const peer = java("aeron-all");
  return "lack" in peer || "found" in native ? peer : native;
}

describeWith("§13.10: Aeron's Java side", javaAndNative(), (jars) => {
  let peer: JavaPeer;
  const connections: AeronConnection[] = [];

  beforeAll(() => {
    peer = new JavaPeer(jars);
  });
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
    peer.killClients();
  });
  afterAll(() => {
    peer.close();
  });

  async function client(aeronDir: string): Promise<Client> {
    const connection = await connectAeron({ aeronDir });
    connections.push(connection);
    return connection.client;
  }

  /** Receives `count` messages and says what was wrong with the first that was. */
  async function receive(subscription: Subscription): Promise<string> {
    const inbox = new Inbox();
    const idle = new BackoffIdle({ thread: "own" });
    while (inbox.next < count && inbox.wrong === undefined) {
      if (subscription.poll(inbox.assembler.handle, 64) > 0) idle.reset();
      await idle.idle();
      if (subscription.isClosed) return `closed after ${inbox.next}`;
    }
    return inbox.wrong ?? `received ${inbox.next}`;
  }

  async function send(ours: Client, channel: string): Promise<void> {
    const publication = await ours.addExclusivePublication(channel, STREAM);
    for (let number = 0; number < count; number++) {
      await offer(publication, messageOf(number));
      if (number % OFFERS_A_TURN === 0) await turn();
    }
  }

  function exchanges(folder: () => string, channel: string): void {
    test(
      "Java writes, we read",
      async () => {
        const subscription = await (await client(folder())).addSubscription(channel, STREAM);
        const sender = await peer.start("send", folder(), channel, String(STREAM), String(count));
        expect(await receive(subscription)).toBe(`received ${count}`);
        subscription.close();
        await sender.stop();
      },
      timeoutMs,
    );

    test(
      "we write, Java reads",
      async () => {
        const receiver = await peer.start(
          "receive",
          folder(),
          channel,
          String(STREAM),
          String(count),
        );
        await send(await client(folder()), channel);
        await receiver.says(`received ${count}`);
        await receiver.stop();
      },
      timeoutMs,
    );

    test("Java sends back what we send", async () => {
      const ours = await client(folder());
      const back = await ours.addSubscription(channel, STREAM + 1);
      const echo = await peer.start("echo", folder(), channel, String(STREAM), "500");
      const publication = await ours.addPublication(channel, STREAM);
      const inbox = new Inbox();
      while (inbox.next < 500) {
        const { next } = inbox;
        await offer(publication, messageOf(next));
        while (inbox.next === next) {
          if (back.poll(inbox.assembler.handle, 8) === 0) await turn();
        }
      }
      expect(inbox.wrong).toBeUndefined();
      back.close();
      await echo.stop();
    });
  }

  describe("through Aeron's Java driver", () => {
    const folder = `/dev/shm/aeron-java-${process.pid}`;
    let driver: JavaProcess;

    beforeAll(async () => {
      driver = await peer.start("driver", folder);
    });
    afterAll(async () => {
      await driver.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    describe("over IPC", () => {
      exchanges(() => folder, "aeron:ipc");
    });
    describe("over UDP", () => {
      exchanges(() => folder, "aeron:udp?endpoint=127.0.0.1:24325");
    });

    test("a counter of ours is there for all, and a destination is refused where there is none", async () => {
      const ours = await client(folder);
      const counter = await ours.addCounter(1_500, "of ours");
      counter.set(9n);
      const other = await client(folder);
      expect([...other.counters].find(({ typeId }) => typeId === 1_500)).toMatchObject({
        label: "of ours",
        value: 9n,
      });
      const publication = await ours.addPublication("aeron:ipc", 5);
      await expect(
        ours.changeDestination("add", publication, "aeron:udp?endpoint=127.0.0.1:24326"),
      ).rejects.toMatchObject({ code: "aeron.refused" });
    });

    test("its refusals arrive with its words", async () => {
      const ours = await client(folder);
      await expect(ours.addPublication("aeron:nonsense", 5)).rejects.toMatchObject({
        code: "aeron.refused",
      });
    });
  });

  describe("on our embedded driver", () => {
    const folder = `/dev/shm/aeron-embedded-${process.pid}`;
    let driver: EmbeddedDriver;

    beforeAll(async () => {
      driver = await startEmbeddedDriver({ aeronDir: folder, termLength: 1_048_576 });
    });
    afterAll(async () => {
      await driver.stop();
      expect(existsSync(folder)).toBe(false);
    });

    exchanges(() => folder, "aeron:ipc");

    test(
      "Java to Java",
      async () => {
        const args = ["aeron:ipc", String(STREAM), String(count)] as const;
        const receiver = await peer.start("receive", folder, ...args);
        const sender = await peer.start("send", folder, ...args);
        await receiver.says(`received ${count}`);
        await Promise.all([receiver.stop(), sender.stop()]);
      },
      timeoutMs,
    );

    test("a Java writer that is killed leaves no image behind", async () => {
      const ours = await client(folder);
      const subscription = await ours.addSubscription("aeron:ipc", STREAM);
      const sender = await peer.start("send", folder, "aeron:ipc", String(STREAM), String(1e9));
      while (subscription.poll(() => undefined, 1) === 0) await turn();
      sender.kill();
      while (subscription.isConnected) {
        subscription.poll(() => undefined, 1_000);
        await turn();
      }
    });
  });
});
