import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { crc32, encodePreface, FrameType } from "@proj/dwcp";
import { type DwcpNode, nodeCrc32, nodeHdePlatform, startDwcpNode } from "@proj/dwcp/node";
import { startTcpProxy, type TcpProxy } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostilePeer } from "../support/hostile-peer.js";

// While each of these goes on, an honest transfer runs in a session of its own, and has to arrive.
describe("a live node", () => {
  let folder: string;
  let receiver: DwcpNode;
  let sender: DwcpNode;
  let proxy: TcpProxy;
  let port: number;
  let honest: Promise<unknown>;
  const bytes = randomBytes(1_000_000);
  const peers: HostilePeer[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-hostile-"));
    receiver = await startDwcpNode({
      nodeId: "receiver",
      security: { mode: "none" },
      listen: { host: "127.0.0.1", port: 0 },
      store: join(folder, "store"),
      workers: 1,
    });
    port = receiver.address?.port ?? 0;
    proxy = await startTcpProxy({ toPort: port, bytesPerSecond: 1_000_000 });
    sender = await startDwcpNode({
      nodeId: "sender",
      security: { mode: "none" },
      streams: { minStreams: 1, initialStreams: 2, maxStreams: 2 },
      workers: 1,
    });
    honest = sender.send({ host: "127.0.0.1", port: proxy.port }, { key: "honest", from: bytes });
  });

  afterEach(async () => {
    try {
      await honest;
      const stored = readFileSync(receiver.store?.latest("honest")?.path ?? "");
      expect(stored.equals(bytes)).toBe(true);
      // Nothing but what was sent honestly was published, and nothing outside.
      expect(readdirSync(join(folder, "store", "objects"))).toEqual(["honest"]);
      expect(readdirSync(folder)).toEqual(["store"]);
    } finally {
      for (const peer of peers.splice(0)) peer.close();
      await sender.close();
      await receiver.close();
      await proxy.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  async function open(): Promise<HostilePeer> {
    const peer = await HostilePeer.open(port);
    peers.push(peer);
    return peer;
  }

  async function accepted(more = {}): Promise<{ peer: HostilePeer; handle: number }> {
    const peer = await open();
    const answer = await peer.offer({ transferId: randomBytes(16).toString("hex"), ...more });
    if (answer.kind !== "ACCEPT") throw new Error(JSON.stringify(answer));
    return { peer, handle: answer.handle };
  }

  test("closes streams whose frames are too long, or whose header's CRC is wrong", async () => {
    const long = await open();
    const header = Buffer.alloc(16);
    header.writeUInt8(FrameType.CHUNK, 0);
    header.writeUInt32BE(0xffffffff, 4);
    header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
    long.raw(header);
    await long.gone();
    const wrong = await open();
    header.writeUInt32BE(16, 4);
    wrong.raw(header);
    await wrong.gone();
  });

  test("closes connections that say something else instead of a handshake", async () => {
    for (const first of [randomBytes(64), Buffer.from("GET / HTTP/1.1\r\n\r\n")]) {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      socket.resume().write(first);
      await once(socket, "close");
    }
    const odd = connect(port, "127.0.0.1").on("error", () => undefined);
    odd.resume().write(Buffer.concat([encodePreface(), randomBytes(200)]));
    await once(odd, "close");
  });

  test("is not held up by hundreds of connections that say nothing", async () => {
    const silent = Array.from({ length: 300 }, () =>
      connect(port, "127.0.0.1").on("error", () => undefined),
    );
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    await accepted();
    for (const socket of silent) socket.destroy();
  });

  test("refuses to make paths of keys, and objects without end", async () => {
    for (const objectKey of ["x".repeat(900), "x".repeat(5_000), ""]) {
      const peer = await open();
      const transferId = randomBytes(16).toString("hex");
      const answer = await peer.offer({ transferId, objectKey }).catch(() => undefined);
      expect([undefined, "REJECT"]).toContain(answer?.kind);
    }
    const { handle } = await accepted({ objectKey: "../../../../etc/passwd" });
    expect(handle).toBeGreaterThan(0);
    expect(readdirSync(join(folder, "store", "objects"))).not.toContain("..");
  });

  test("refuses a transfer id that another node's transfer has", async () => {
    const transferId = randomBytes(16).toString("hex");
    const slow = sender.send(
      { host: "127.0.0.1", port: proxy.port },
      { key: "honest", generation: 1, from: bytes, transferId },
    );
    const parts = join(folder, "store", "parts");
    await until(() => readdirSync(parts).includes(`${transferId}.part`), "the honest transfer");
    const peer = await open();
    expect((await peer.offer({ transferId })).kind).toBe("REJECT");
    await slow;
  });

  test("answers units that cannot be decoded, and keeps to the length they declare", async () => {
    const { peer, handle } = await accepted();
    const { zstd } = await nodeHdePlatform();
    const bomb = zstd.compress(new Uint8Array(60_000_000), { level: 1 });
    const before = process.memoryUsage().rss;
    peer.chunk(handle, { unitId: 1, codec: 1, encoded: bomb });
    expect(await peer.until("NACK")).toMatchObject({ unitId: 1, reason: "DECODE" });
    peer.chunk(handle, { unitId: 2, codec: 3, baselineSlot: 9, encoded: new Uint8Array(0) });
    expect(await peer.until("NACK")).toMatchObject({ unitId: 2 });
    peer.chunk(handle, { unitId: 3, codec: 5, encoded: randomBytes(100) });
    expect(await peer.until("NACK")).toMatchObject({ unitId: 3 });
    peer.chunk(handle, { unitId: 4, rawCrc: 12_345 });
    expect(await peer.until("NACK")).toMatchObject({ unitId: 4 });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  test("takes nothing outside the object, longer than agreed, or of no transfer", async () => {
    const zeros = { encoded: new Uint8Array(4_096), rawCrc: nodeCrc32(new Uint8Array(4_096)) };
    const wrong: readonly Parameters<HostilePeer["chunk"]>[1][] = [
      { rawOffset: 8_000 },
      { rawOffset: 2 ** 52 },
      { rawBytes: 0xffffffff, codec: 2, encoded: new Uint8Array(0) },
      { codec: 99 },
    ];
    for (const chunk of wrong) {
      const { peer, handle } = await accepted();
      peer.chunk(handle, { ...zeros, ...chunk });
      await Promise.race([
        peer.until("NACK", "ERROR", "CANCEL").catch(() => undefined),
        peer.gone(),
      ]);
    }
    const { peer, handle } = await accepted();
    peer.chunk(handle + 1_000, zeros);
    peer.say({ kind: "FIN", rootHash: "00".repeat(32), rawLength: 8_192 }, handle + 1_000);
    // It still answers for what there is.
    const next = await peer
      .offer({ transferId: randomBytes(16).toString("hex") })
      .catch(() => undefined);
    expect(next === undefined || next.kind === "ACCEPT").toBe(true);
  });

  test("publishes nothing whose root is not what was stated, or that is not whole", async () => {
    const { peer, handle } = await accepted();
    peer.say({ kind: "FIN", rootHash: "11".repeat(32), rawLength: 8_192 }, handle);
    const raw = new Uint8Array(4_096);
    const good = { encoded: raw, rawCrc: nodeCrc32(raw) };
    const whole = await accepted();
    whole.peer.chunk(whole.handle, { ...good, unitId: 0 });
    whole.peer.chunk(whole.handle, { ...good, unitId: 1, rawOffset: 4_096 });
    // A sender that keeps the rules waits for the acknowledgements; before, a FIN says nothing.
    await whole.peer.arrived(8_192);
    whole.peer.say({ kind: "FIN", rootHash: "11".repeat(32), rawLength: 8_192 }, whole.handle);
    await Promise.race([whole.peer.until("LEAVES", "ERROR"), whole.peer.gone()]);
  });

  test("lives on when acknowledgements, credit and commits come that nobody asked for", async () => {
    const peer = await open();
    peer.frame(FrameType.ACK, 1, randomBytes(60));
    const second = await open();
    second.say({ kind: "CREDIT", limit: 0 });
    second.say({ kind: "CREDIT", limit: Number.MAX_SAFE_INTEGER });
    second.say({ kind: "COMMITTED", transferId: "ab".repeat(16), rootHash: "00".repeat(32) }, 1);
    second.say({ kind: "NACK", unitId: 9, reason: "CRC" }, 1);
    second.say({ kind: "REPAIR", leaves: [1, 2, 3] }, 1);
    second.say({ kind: "SWITCHOVER", transferId: "ab".repeat(16), round: 1 });
    await accepted();
  });
});
