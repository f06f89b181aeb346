import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startTcpProxy, type TcpProxy, type TcpProxyOptions } from "#src/index.js";

describe("startTcpProxy", () => {
  let server: Server;
  let proxy: TcpProxy;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => socket.write(bytes));
      socket.once("end", () => socket.end("bye"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterEach(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((resolve) => server.close(resolve));
  });

  async function dial(options: Partial<TcpProxyOptions> = {}): Promise<Socket> {
    proxy = await startTcpProxy({ toPort: (server.address() as AddressInfo).port, ...options });
    const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }

  test("carries bytes both ways in order, later", async () => {
    const socket = await dial({ delayMs: 20 });
    const startMs = performance.now();
    socket.write("one");
    socket.write("two");
    expect(await read(socket, 6)).toBe("onetwo");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(38);
    socket.end();
    expect(await read(socket, 3)).toBe("bye");
  });

  test("keeps to its rate", async () => {
    const socket = await dial({ bytesPerSecond: 1_000_000 });
    const startMs = performance.now();
    socket.write(Buffer.alloc(400_000, 1));
    await read(socket, 400_000);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(390);
    socket.destroy();
  });

  test("pushes back: what it does not carry yet waits at the sender, not in it", async () => {
    const socket = await dial({ bytesPerSecond: 1_000_000 });
    const startMs = performance.now();
    socket.write(Buffer.alloc(64_000_000, 1));
    await sleep(300);
    const carried = only(proxy).bytesToServer;
    // The proxy holds fifty milliseconds of it, the kernel's buffers some megabytes.
    expect(carried).toBeLessThan(1.1 * 1_000 * (performance.now() - startMs) + 100_000);
    expect(socket.writableLength).toBeGreaterThan(40_000_000 - carried);
    socket.destroy();
  });

  test("has a stall, a flip and an end in the other direction as well", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    only(proxy).troubleToClient({ kind: "stall" });
    socket.write("late");
    while (only(proxy).bytesToServer < 9) await sleep(5);
    await sleep(50);
    expect(only(proxy).bytesToClient).toBe(5);
    only(proxy).troubleToClient({ kind: "flip", afterBytes: 3 });
    expect(await read(socket, 4)).toBe("latd");
    const ended = once(socket, "end");
    only(proxy).troubleToClient({ kind: "end" });
    await ended;
    socket.write("heard");
    while (only(proxy).bytesToServer < 14) await sleep(5);
    socket.destroy();
  });

  test("resets with a reset, not with an end", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    const failed = new Promise((resolve) => socket.once("error", resolve));
    only(proxy).reset();
    expect(await failed).toMatchObject({ code: "ECONNRESET" });
  });

  test("holds bytes back in a stall and delivers them after it", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    only(proxy).troubleToServer({ kind: "stall" });
    socket.write("late");
    await sleep(50);
    const before = only(proxy).bytesToServer;
    expect(before).toBe(5);
    only(proxy).troubleToServer({ kind: "none" });
    expect(await read(socket, 4)).toBe("late");
    socket.destroy();
  });

  test("swallows bytes in a black hole", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    only(proxy).troubleToClient({ kind: "drop" });
    socket.write("gone");
    while (only(proxy).bytesToServer < 9) await sleep(5);
    await sleep(50);
    expect(only(proxy).bytesToServer).toBe(9);
    expect(only(proxy).bytesToClient).toBe(5);
    socket.destroy();
  });

  test("turns over one bit where it was asked to", async () => {
    const socket = await dial();
    await echoOf(socket, "x");
    only(proxy).troubleToServer({ kind: "flip", afterBytes: 2 });
    expect(await echoOf(socket, "aaaa")).toBe("aa`a");
    expect(await echoOf(socket, "aaaa")).toBe("aaaa");
    socket.destroy();
  });

  test("ends one direction while the other lives", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    only(proxy).troubleToServer({ kind: "end" });
    expect(await read(socket, 3)).toBe("bye");
    socket.destroy();
  });

  test("resets a connection at both ends, and refuses new ones", async () => {
    const socket = await dial();
    await echoOf(socket, "first");
    const closed = closing(socket);
    only(proxy).reset();
    await closed;
    proxy.admit("refuse");
    const refused = connect({ port: proxy.port, host: "127.0.0.1" });
    refused.on("error", () => undefined);
    await closing(refused);
    expect(proxy.connections).toHaveLength(0);
  });
});

function only(proxy: TcpProxy): TcpProxy["connections"][number] {
  const [connection] = proxy.connections;
  if (connection === undefined) throw new Error("no connection is open");
  return connection;
}

// `once` of node:events would reject at the error that precedes the end.
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return read(socket, text.length);
}

async function read(socket: Socket, length: number): Promise<string> {
  const pieces: Buffer[] = [];
  let have = 0;
  while (have < length) {
    const [piece] = (await once(socket, "data")) as [Buffer];
    pieces.push(piece);
    have += piece.length;
  }
  return Buffer.concat(pieces).toString("latin1");
}
