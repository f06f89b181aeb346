import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { ByteStream } from "@proj/wire-types";
import {
  connectTcp,
  connectTls,
  connectUnix,
  listenTcp,
  listenUnix,
  type SocketListener,
} from "@proj/xcp-framing/node";
import { Arrivals } from "../support/arrivals.js";
import { failure } from "../support/failure.js";
import { freshSocketPath, portOf } from "../support/pairs.js";
import { StreamLog } from "../support/stream-log.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function listening(accept = (stream: ByteStream): void => stream.end()) {
  const listener = await listenTcp({ port: 0 }, accept);
  cleanups.push(() => listener.close());
  return listener;
}

/** A port where connections are taken and nothing is ever said. */
async function mutePort(): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("connecting", () => {
  test("nobody there", async () => {
    const listener = await listening();
    const port = portOf(listener);
    await listener.close();
    const error = await failure(connectTcp({ port }));
    expect(error.code).toBe("wire.connection_failed");
    expect(error.message).toBe(`nothing listens at 127.0.0.1:${port} (ECONNREFUSED)`);
    expect(error.details).toEqual({ code: "ECONNREFUSED", endpoint: `127.0.0.1:${port}` });
    expect(error.retryable).toBe(true);
  });

  test("every address of a name is tried, the first error is told", async () => {
    const port = portOf(await listening());
    (await connectTcp({ host: "localhost", port })).destroy();
    const error = await failure(connectTcp({ host: "localhost", port: 1 }));
    expect(error.details["code"]).toBe("ECONNREFUSED");
  });

  test("too slow", async () => {
    const port = await mutePort();
    const error = await failure(connectTls({ port, timeoutMs: 30 }));
    expect(error.code).toBe("wire.timeout");
    expect(error.message).toBe(`connecting to 127.0.0.1:${port} took longer than 30 ms`);
  });

  test("cancelled before and during", async () => {
    const port = await mutePort();
    const before = await failure(connectTls({ port, signal: AbortSignal.abort("enough") }));
    expect(before.code).toBe("wire.cancelled");
    expect(before.cause).toBe("enough");
    const stop = new AbortController();
    const attempt = failure(connectTls({ port, signal: stop.signal }));
    setImmediate(() => stop.abort());
    expect((await attempt).code).toBe("wire.cancelled");
  });

  test("a signal that fires later does nothing", async () => {
    const arrivals = new Arrivals<ByteStream>();
    const port = portOf(await listening(arrivals.add));
    const stop = new AbortController();
    const stream = await connectTcp({ port, signal: stop.signal });
    stop.abort();
    const served = new StreamLog(await arrivals.next());
    stream.write([Uint8Array.of(1)]);
    await served.until(({ bytes }) => bytes.length === 1);
    stream.destroy();
  });
});

describe("listening", () => {
  test("an address in use", async () => {
    const port = portOf(await listening());
    const error = await failure(listenTcp({ port }, () => undefined));
    expect(error.code).toBe("wire.connection_failed");
    expect(error.message).toBe(`the address is in use already: 127.0.0.1:${port} (EADDRINUSE)`);
  });

  test("an address that is not ours", async () => {
    const error = await failure(
      listenTcp({ host: "192.0.2.1", port: 0, allowInsecure: true }, () => undefined),
    );
    expect(error.message).toBe("this host has no such address: 192.0.2.1:0 (EADDRNOTAVAIL)");
  });

  test("the peer's address and what protects the way are told", async () => {
    const arrivals = new Arrivals<ByteStream>();
    const listener = await listenTcp({ host: "::1", port: 0 }, arrivals.add);
    cleanups.push(() => listener.close());
    const stream = await connectTcp({ host: "::1", port: portOf(listener) });
    expect(stream.info).toEqual({
      transport: "tcp",
      peer: { kind: "inet", host: "::1", port: portOf(listener) },
      secure: false,
      local: true,
    });
    expect((await arrivals.next()).info).toMatchObject({ transport: "tcp", local: true });
    stream.destroy();
  });

  test("connections beyond the limit are closed", async () => {
    const arrivals = new Arrivals<ByteStream>();
    const listener = await listenTcp({ port: 0, maxConnections: 1 }, arrivals.add);
    cleanups.push(() => listener.close());
    const first = await connectTcp({ port: portOf(listener) });
    await arrivals.next();
    const second = new StreamLog(await connectTcp({ port: portOf(listener) }));
    await second.until(({ ended }) => ended);
    expect(arrivals.all.length).toBe(1);
    first.destroy();
  });
});

describe("a Unix socket", () => {
  async function listenAt(path: string): Promise<SocketListener> {
    return listenUnix({ path }, (stream) => stream.destroy());
  }

  test("disappears with its listener", async () => {
    const { path, remove } = freshSocketPath();
    cleanups.push(remove);
    const listener = await listenAt(path);
    expect(existsSync(path)).toBe(true);
    expect(listener.address).toEqual({ kind: "path", path });
    await listener.close();
    expect(existsSync(path)).toBe(false);
    const error = await failure(connectUnix({ path }));
    expect(error.message).toBe(`there is no socket at ${path} (ENOENT)`);
  });

  test("that a killed process left is replaced", async () => {
    const { path, remove } = freshSocketPath();
    cleanups.push(remove);
    const { spawnSync } = await import("node:child_process");
    const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    expect(spawnSync(process.execPath, ["-e", script, path]).signal).toBe("SIGKILL");
    expect(existsSync(path)).toBe(true);
    const listener = await listenAt(path);
    (await connectUnix({ path })).destroy();
    await listener.close();
  });

  test("that somebody listens at is not taken over", async () => {
    const { path, remove } = freshSocketPath();
    cleanups.push(remove);
    const listener = await listenAt(path);
    const error = await failure(listenAt(path));
    expect(error.details["code"]).toBe("EADDRINUSE");
    (await connectUnix({ path })).destroy();
    await listener.close();
  });

  test("is never put in the place of another file", async () => {
    const { path, remove } = freshSocketPath();
    cleanups.push(remove);
    writeFileSync(path, "precious");
    expect((await failure(listenAt(path))).details["code"]).toBe("EADDRINUSE");
    expect(existsSync(path)).toBe(true);
  });
});
