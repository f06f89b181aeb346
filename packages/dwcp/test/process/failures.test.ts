import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DwcpManager, type DwcpNode, nodeHdePlatform, startDwcpNode } from "@proj/dwcp/node";
import { startTcpProxy, type TcpProxy } from "@proj/wan";
import { PlainReceiver } from "#src/io/plain/plain-receiver.js";
import { ObjectStore } from "#src/io/store/object-store.js";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { killed, nodeProgram, portOf, start } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const security = { mode: "psk", key: testKey } as const;
const RAW_BYTES = 3_000_000;

describe("B9, with the receiver in another process", () => {
  let folder: string;
  let receiver: ChildProcess;
  let sender: DwcpNode;
  let proxy: TcpProxy;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-failures-"));
    receiver = start(nodeProgram, ["receive", "0", join(folder, "store")]);
    proxy = await startTcpProxy({ toPort: await portOf(receiver), bytesPerSecond: 800_000 });
    sender = await startDwcpNode({
      nodeId: "sender",
      security,
      streams: { minStreams: 2, initialStreams: 4, maxStreams: 6 },
      workers: 1,
    });
  });

  afterEach(async () => {
    await sender.close();
    await proxy.close();
    await killed(receiver);
    rmSync(folder, { recursive: true, force: true });
  });

  async function sendWhile(trouble: () => void | Promise<void>): Promise<void> {
    const bytes = randomBytes(RAW_BYTES);
    const peer = { host: "127.0.0.1", port: proxy.port };
    const sending = sender.send(peer, { key: "object", from: bytes });
    // Should it fail at once, that is told below.
    const failed = sending.then(
      () => true,
      () => true,
    );
    while (proxy.connections.length < 2) {
      if (await Promise.race([failed, sleep(10, false)])) break;
    }
    await trouble();
    const sent = await sending;
    expect(sent.rawBytes).toBe(RAW_BYTES);
    const stored = readFileSync(join(folder, "store", "objects", "object", "0.bin"));
    expect(stored.equals(bytes)).toBe(true);
  }

  test("one stream is reset: the others carry its units", () =>
    sendWhile(() => proxy.connections[0]?.reset()));

  test("one stream stalls: the others carry its units", () =>
    sendWhile(() => proxy.connections[0]?.troubleToServer({ kind: "stall" })));

  test("one stream is ended by halves: the others carry its units", () =>
    sendWhile(() => proxy.connections[0]?.troubleToServer({ kind: "end" })));

  test("acknowledgements of one stream are lost: its units come twice, and count once", () =>
    sendWhile(() => proxy.connections[0]?.troubleToClient({ kind: "stall" })));

  test("nothing comes through any more, and nobody says so: other connections are made", async () => {
    const startedMs = performance.now();
    await sendWhile(() => {
      for (const connection of proxy.connections) {
        connection.troubleToServer({ kind: "stall" });
        connection.troubleToClient({ kind: "stall" });
      }
    });
    // TCP itself would take a quarter of an hour.
    expect(performance.now() - startedMs).toBeLessThan(60_000);
  });

  test("bits flip in both directions", () =>
    sendWhile(() => {
      proxy.connections[0]?.troubleToServer({ kind: "flip", afterBytes: 50_000 });
      proxy.connections[1]?.troubleToClient({ kind: "flip", afterBytes: 200 });
    }));

  test("all streams die: the session is taken up again", () =>
    sendWhile(async () => {
      proxy.admit("refuse");
      for (const connection of proxy.connections) connection.reset();
      await sleep(500);
      proxy.admit("accept");
    }));

  test("no further stream is let in: the transfer goes on with those at hand", () =>
    sendWhile(() => proxy.admit("refuse")));

  test("the receiver stands still for a while: nothing is lost, and it goes on", () =>
    sendWhile(async () => {
      receiver.kill("SIGSTOP");
      await sleep(1_500);
      receiver.kill("SIGCONT");
    }));

  test("the receiver has no such baseline: everything is sent", async () => {
    const first = randomBytes(500_000);
    const second = Buffer.from(first);
    second.fill(1, 0, 4_096);
    const peer = { host: "127.0.0.1", port: proxy.port };
    const sent = await sender.send(peer, { key: "object", from: second, baselines: [first] });
    expect(sent.baselineId).toBeUndefined();
    // All but the bytes that are alike.
    expect(sent.wireBytes).toBeGreaterThan(second.length - 4_096);
    const stored = readFileSync(join(folder, "store", "objects", "object", "0.bin"));
    expect(stored.equals(second)).toBe(true);
  });
});

describe("B9: a receiver in another process that grants little", () => {
  test("sets the pace: the sender waits, and no stream is given up", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dwcp-credit-"));
    const CREDIT_BYTES = 600_000;
    const env = { ...process.env, CREDIT_BYTES: String(CREDIT_BYTES) };
    const receiver = start(nodeProgram, ["receive", "0", join(folder, "store")], env);
    const proxy = await startTcpProxy({ toPort: await portOf(receiver), bytesPerSecond: 400_000 });
    const streams = { minStreams: 2, initialStreams: 2, maxStreams: 2 };
    const sender = await startDwcpNode({ nodeId: "sender", security, streams, workers: 1 });
    try {
      const bytes = randomBytes(RAW_BYTES);
      const peer = { host: "127.0.0.1", port: proxy.port };
      let most = 0;
      const watching = setInterval(() => {
        most = Math.max(most, sender.traffic[0]?.inflightBytes ?? 0);
      }, 5);
      const sent = await sender.send(peer, { key: "object", from: bytes });
      clearInterval(watching);
      expect(sent.rawBytes).toBe(RAW_BYTES);
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(CREDIT_BYTES);
      expect(sender.traffic[0]?.streamDeaths.size).toBe(0);
      const stored = readFileSync(join(folder, "store", "objects", "object", "0.bin"));
      expect(stored.equals(bytes)).toBe(true);
    } finally {
      await sender.close();
      await proxy.close();
      await killed(receiver);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("B9: a peer of another version", () => {
  test("is told apart from one that is no DWCP peer", async () => {
    const answers = createServer((socket) => {
      socket.on("error", () => undefined).resume();
      socket.write(Buffer.from([...Buffer.from("DWCP"), 2, 0, 0, 0]));
    });
    answers.listen(0, "127.0.0.1");
    await once(answers, "listening");
    const peer = { host: "127.0.0.1", port: (answers.address() as AddressInfo).port };
    const sender = await startDwcpNode({ nodeId: "sender", security, workers: 1 });
    try {
      const sending = sender.send(peer, { key: "k", from: randomBytes(10) });
      await expect(sending).rejects.toMatchObject({ code: "dwcp.version" });
    } finally {
      await sender.close();
      await new Promise((resolve) => answers.close(resolve));
    }
  });
});

describe("B9: a peer that is no DWCP peer", () => {
  test("gets the object plainly where the configuration says so, and an error where not", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dwcp-plain-"));
    const platform = await nodeHdePlatform();
    const store = new ObjectStore(join(folder, "store"), platform);
    const plain = new PlainReceiver({
      store,
      platform,
      secret: testKey,
      timeoutMs: 10_000,
      received: () => undefined,
    });
    const legacy = createServer((socket) => {
      socket.once("data", (first: Buffer) => {
        if (first.toString("latin1", 0, 5) === "PLAIN") void plain.take(socket, first);
        else socket.end("what is this?\n");
      });
    });
    legacy.listen(0, "127.0.0.1");
    await once(legacy, "listening");
    const peer = { host: "127.0.0.1", port: (legacy.address() as AddressInfo).port };
    const managerWith = (fallback: boolean): DwcpManager =>
      new DwcpManager({
        key: testKey,
        config: {
          enabled: true,
          node: { id: "sender" },
          compat: { fallback },
          compression: { workers: 1 },
          transport: { minStreams: 1, initialStreams: 1, shutdownTimeoutMs: 1_000 },
        },
      });
    const [kind, strict] = [managerWith(true), managerWith(false)];
    try {
      await Promise.all([kind.start(), strict.start()]);
      const bytes = randomBytes(1_500_000);
      const sent = await kind.transfer(peer, { key: "k", from: bytes });
      expect(sent.path).toBe("plain");
      expect(readFileSync(store.latest("k")?.path ?? "").equals(bytes)).toBe(true);
      // A stream flows once, and is needed twice: to find out, and to send.
      const from = Readable.from([bytes.subarray(0, 700_000), bytes.subarray(700_000)]);
      expect((await kind.transfer(peer, { key: "s", from })).path).toBe("plain");
      expect(readFileSync(store.latest("s")?.path ?? "").equals(bytes)).toBe(true);
      const reason = "no DWCP peer";
      expect(kind.metrics.value("dwcp_plain_transfers_total", { reason })).toBe(2);
      await expect(strict.transfer(peer, { key: "k", from: bytes })).rejects.toMatchObject({
        code: "dwcp.unsupported",
      });
    } finally {
      await Promise.all([kind.stop(), strict.stop()]);
      plain.close();
      await new Promise((resolve) => legacy.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
