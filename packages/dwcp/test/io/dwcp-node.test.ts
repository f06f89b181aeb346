import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type DwcpNode,
  type DwcpNodeOptions,
  startDwcpNode,
  type StoredObject,
} from "@proj/dwcp/node";
import { JOURNAL_HEADER_BYTES } from "#src/journal/journal.js";
import { startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";

const security = { mode: "psk", key: new TextEncoder().encode("both sides know this") } as const;

describe("two nodes", () => {
  let folder: string;
  let receiver: DwcpNode;
  let sender: DwcpNode;
  const proxies: TcpProxy[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-"));
    receiver = await startReceiver();
    sender = await startDwcpNode({
      nodeId: "sender",
      security,
      streams: { minStreams: 1, initialStreams: 4, maxStreams: 32 },
    });
  });

  afterEach(async () => {
    await sender.close();
    await receiver.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  function startReceiver(port = 0, more: Partial<DwcpNodeOptions> = {}): Promise<DwcpNode> {
    return startDwcpNode({
      nodeId: "receiver",
      security,
      listen: { host: "127.0.0.1", port },
      store: join(folder, "store"),
      ...more,
    });
  }

  function where(): { host: string; port: number } {
    if (receiver.address === undefined) throw new Error("it listens");
    return receiver.address;
  }

  function stored(key: string): Buffer {
    const object = receiver.store?.latest(key);
    if (object === undefined) throw new Error(`nothing is stored as ${key}`);
    return readFileSync(object.path);
  }

  test("say that an object is committed when whoever uses it has it, also when it is offered again", async () => {
    await receiver.close();
    const heard: string[] = [];
    receiver = await startReceiver(0, {
      received: ({ key }) => {
        heard.push(key);
        if (heard.length < 3) throw new Error("there is no place for it yet");
      },
    });
    const request = { key: "k", from: randomBytes(10_000), transferId: "ab".repeat(16) };
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(sender.send(where(), request)).rejects.toMatchObject({ code: "dwcp.no_space" });
    }
    await sender.send(where(), request);
    expect(heard).toEqual(["k", "k", "k"]);
    // It is had: nobody is told again.
    await sender.send(where(), request);
    expect(heard).toHaveLength(3);
  });

  test("hand an object on once where two offer it at a time", async () => {
    await receiver.close();
    const other = await startDwcpNode({ nodeId: "other", security });
    let [heard, atOnce, most] = [0, 0, 0];
    receiver = await startReceiver(0, {
      received: async () => {
        heard++;
        if (heard === 1) throw new Error("there is no place for it yet");
        most = Math.max(most, ++atOnce);
        await until(() => other.streams.length > 0 && sender.streams.length > 0, "both of them");
        // Their offers are the first that they say.
        await sleep(100);
        atOnce--;
      },
    });
    const request = { key: "k", from: randomBytes(10_000), transferId: "ef".repeat(16) };
    await expect(sender.send(where(), request)).rejects.toMatchObject({ code: "dwcp.no_space" });
    await Promise.all([sender.send(where(), request), other.send(where(), request)]);
    await other.close();
    expect([heard, most]).toEqual([2, 1]);
  });

  test("hand an object on that was there before the process, where its sender does not know that it is", async () => {
    const heard: string[] = [];
    const request = { key: "k", from: randomBytes(10_000), transferId: "cd".repeat(16) };
    const received = ({ key }: StoredObject): void => void heard.push(key);
    // A process that is killed between the two leaves the same: stored, and nobody told.
    await receiver.close();
    receiver = await startReceiver(0, { received: () => Promise.reject(new Error("not now")) });
    await expect(sender.send(where(), request)).rejects.toMatchObject({ code: "dwcp.no_space" });
    await receiver.close();
    receiver = await startReceiver(0, { received });
    expect(heard).toEqual([]);
    await sender.send(where(), request);
    await sender.send(where(), request);
    expect(heard).toEqual(["k"]);
  });

  test("keep nothing of objects whose user failed, once the store has newer ones", async () => {
    await receiver.close();
    const failures: WeakRef<Error>[] = [];
    receiver = await startReceiver(0, {
      received: () => {
        const failure = new Error("there is no place for it");
        failures.push(new WeakRef(failure));
        return Promise.reject(failure);
      },
    });
    const rounds = 20;
    for (let generation = 1; generation <= rounds; generation++) {
      const request = { key: "k", generation, from: randomBytes(1_000) };
      await expect(sender.send(where(), request)).rejects.toMatchObject({ code: "dwcp.no_space" });
    }
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const left = (): number => failures.filter((each) => each.deref() !== undefined).length;
    // The store keeps two generations.
    await until(() => {
      collect();
      return left() <= 3;
    }, "failures to be forgotten");
    expect(failures.length).toBe(rounds);
    expect(receiver.store?.objects.length).toBe(2);
  });

  test.each([0, 1, 4_095, 4_096, 1_048_577, 20_000_000])("carry %d bytes", async (length) => {
    const bytes = randomBytes(length);
    const seen: number[] = [];
    const result = await sender.send(where(), {
      key: "object",
      from: bytes,
      progress: (arrived) => seen.push(arrived),
    });
    expect(stored("object").equals(bytes)).toBe(true);
    expect(result.rawBytes).toBe(length);
    expect(seen.at(-1)).toBe(length);
    expect(readdirSync(join(folder, "store", "parts"))).toEqual([]);
  });

  test("send files, and only what changed of the next generation", async () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    const bytes = randomBytes(8_000_000);
    writeFileSync(first, bytes);
    await sender.send(where(), { key: "db", generation: 1, from: first });
    bytes.fill(7, 3_000_000, 3_010_000);
    writeFileSync(second, bytes);
    const result = await sender.send(where(), {
      key: "db",
      generation: 2,
      from: second,
      baselines: [first],
    });
    expect(stored("db").equals(bytes)).toBe(true);
    expect(result.wireBytes).toBeLessThan(100_000);
  });

  test("B9: send everything when the receiver lacks the baseline", async () => {
    const bytes = randomBytes(1_000_000);
    const result = await sender.send(where(), { key: "k", from: bytes, baselines: [bytes] });
    expect(stored("k").equals(bytes)).toBe(true);
    expect(result.wireBytes).toBeGreaterThan(1_000_000);
  });

  test("B9: do not use a baseline that somebody changed", async () => {
    const bytes = randomBytes(2_000_000);
    await sender.send(where(), { key: "k", generation: 1, from: bytes });
    const path = receiver.store?.latest("k")?.path ?? "";
    await receiver.close();
    const changed = Buffer.from(bytes);
    changed[5] = (changed[5] ?? 0) ^ 1;
    writeFileSync(path, changed);
    receiver = await startReceiver();
    await sender.send(where(), { key: "k", generation: 2, from: bytes, baselines: [bytes] });
    expect(stored("k").equals(bytes)).toBe(true);
  });

  test("B9: lose nothing when connections are reset, stall or flip bits", async () => {
    const proxy = await startTcpProxy({ toPort: where().port, bytesPerSecond: 3_000_000 });
    proxies.push(proxy);
    const bytes = randomBytes(20_000_000);
    const sending = sender.send({ host: "127.0.0.1", port: proxy.port }, { key: "k", from: bytes });
    let turn = 0;
    const trouble = setInterval(() => {
      const [victim] = proxy.connections.toSorted((a, b) => b.bytesToServer - a.bytesToServer);
      if (turn++ % 3 === 0) victim?.reset();
      else victim?.troubleToServer({ kind: "flip", afterBytes: 1000 * turn });
    }, 150);
    try {
      await sending;
    } finally {
      clearInterval(trouble);
    }
    expect(stored("k").equals(bytes)).toBe(true);
  });

  test("B9: go on with another process of the receiver, from what was durable", async () => {
    const proxy = await startTcpProxy({ toPort: where().port, bytesPerSecond: 4_000_000 });
    proxies.push(proxy);
    const { port } = where();
    const bytes = randomBytes(24_000_000);
    const sending = sender.send({ host: "127.0.0.1", port: proxy.port }, { key: "k", from: bytes });
    await sleep(1_800);
    await receiver.close();
    receiver = await startReceiver(port);
    const result = await sending;
    expect(stored("k").equals(bytes)).toBe(true);
    expect(result.wireBytes).toBeLessThan(2 * bytes.length);
  });

  test("B9: go on with another process of the sender", async () => {
    const proxy = await startTcpProxy({ toPort: where().port, bytesPerSecond: 3_000_000 });
    proxies.push(proxy);
    const path = join(folder, "big");
    writeFileSync(path, randomBytes(16_000_000));
    const transferId = randomBytes(16).toString("hex");
    const peer = { host: "127.0.0.1", port: proxy.port };
    const aborted = new AbortController();
    const first = await startDwcpNode({
      nodeId: "sender",
      security,
      // Each connection is slow on its own.
      streams: { minStreams: 1, initialStreams: 1, maxStreams: 1 },
    });
    const failing = first.send(peer, { key: "k", from: path, transferId }).catch(() => "gone");
    // Until something is durable, however long the disk takes.
    const journal = join(folder, "store", "parts", `${transferId}.journal`);
    await until(
      () => (statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > JOURNAL_HEADER_BYTES,
      "a record of what is durable",
    );
    await first.close();
    void failing;
    const seen: number[] = [];
    await sender.send(where(), {
      key: "k",
      from: path,
      transferId,
      signal: aborted.signal,
      progress: (arrived) => seen.push(arrived),
    });
    expect(sha(stored("k"))).toBe(sha(readFileSync(path)));
    expect(seen[0]).toBeGreaterThan(0);
  });

  test("B3: refuse a peer with another key, and to listen without one", async () => {
    const stranger = await startDwcpNode({
      nodeId: "stranger",
      security: { mode: "psk", key: new Uint8Array(16) },
    });
    const refused = stranger.send(where(), { key: "k", from: new Uint8Array(10) });
    await expect(refused).rejects.toMatchObject({ code: "dwcp.auth_failed" });
    await stranger.close();
    const open = startDwcpNode({
      nodeId: "open",
      security: { mode: "none" },
      listen: { host: "0.0.0.0", port: 0 },
    });
    await expect(open).rejects.toMatchObject({ code: "dwcp.invalid_config" });
  });

  test("B9: say that a peer speaks something else", async () => {
    const server = createServer((socket) =>
      socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const sending = sender.send({ host: "127.0.0.1", port }, { key: "k", from: new Uint8Array(1) });
    await expect(sending).rejects.toMatchObject({ code: "dwcp.unsupported" });
    await new Promise((resolve) => server.close(resolve));
  });

  test("B9: give up a peer that takes connections and says nothing, and try it again until then", async () => {
    const held: Socket[] = [];
    const server = createServer((socket) => held.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const node = await startDwcpNode({
      nodeId: "patient",
      security,
      connectTimeoutMs: 50,
      sessionTtlMs: 400,
    });
    const sending = node.send({ host: "127.0.0.1", port }, { key: "k", from: new Uint8Array(1) });
    await expect(sending).rejects.toMatchObject({ code: "dwcp.timeout" });
    expect(held.length).toBeGreaterThan(1);
    await node.close();
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test("hand connections of other protocols on", async () => {
    const heard = new Promise<string>((resolve) => {
      void startReceiver(0, {
        store: join(folder, "other"),
        foreign: (socket, bytes) => {
          socket.destroy();
          resolve(Buffer.from(bytes).toString());
        },
      }).then(async (node) => {
        const { connect } = await import("node:net");
        connect(node.address?.port ?? 0, "127.0.0.1", function greet(this: void) {}).write("GET /");
        await heard;
        await node.close();
      });
    });
    expect(await heard).toBe("GET /");
  });

  test("stop when they are told to, and keep what arrived", async () => {
    const proxy = await startTcpProxy({ toPort: where().port, bytesPerSecond: 500_000 });
    proxies.push(proxy);
    const aborted = new AbortController();
    const sending = sender.send(
      { host: "127.0.0.1", port: proxy.port },
      { key: "k", from: randomBytes(10_000_000), signal: aborted.signal },
    );
    setTimeout(() => aborted.abort(), 300);
    await expect(sending).rejects.toMatchObject({ code: "dwcp.cancelled" });
  });
});

function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
