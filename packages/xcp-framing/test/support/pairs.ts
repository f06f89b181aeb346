import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteStream, MessagePipe } from "@proj/wire-types";
import type { Pair } from "@proj/wire-types/testing";
import {
  connectHttp2,
  connectHttp2Channels,
  connectTcp,
  connectTls,
  connectUnix,
  connectWebSocket,
  listenHttp2,
  listenTcp,
  listenTls,
  listenUnix,
  listenWebSocket,
  type SocketListener,
} from "@proj/xcp-framing/node";
import { Arrivals } from "./arrivals.js";
import { clientTls, serverTls } from "./certificates.js";

/** The port that the system gave to `listener`. */
export function portOf(listener: SocketListener): number {
  if (listener.address.kind !== "inet") throw new TypeError("not a TCP listener");
  return listener.address.port;
}

/** A path for a Unix socket in a folder of its own. */
export function freshSocketPath(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "xcp-"));
  return {
    path: join(folder, "s"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function pair<T>(
  listen: (accept: (transport: T) => void) => Promise<SocketListener>,
  connect: (port: number) => Promise<T>,
): Promise<Pair<T>> {
  const arrivals = new Arrivals<T>();
  const listener = await listen(arrivals.add);
  const a = await connect(portOf(listener));
  return { a, b: await arrivals.next(), dispose: () => listener.close() };
}

export function tcpPair(): Promise<Pair<ByteStream>> {
  return pair<ByteStream>(
    (accept) => listenTcp({ port: 0 }, accept),
    (port) => connectTcp({ port }),
  );
}

export function tlsPair(): Promise<Pair<ByteStream>> {
  return pair<ByteStream>(
    (accept) => listenTls({ port: 0, tls: serverTls() }, accept),
    (port) => connectTls({ port, tls: clientTls() }),
  );
}

export async function unixPair(): Promise<Pair<ByteStream>> {
  const { path, remove } = freshSocketPath();
  const arrivals = new Arrivals<ByteStream>();
  const listener = await listenUnix({ path }, arrivals.add);
  const a = await connectUnix({ path });
  const dispose = async (): Promise<void> => {
    await listener.close();
    remove();
  };
  return { a, b: await arrivals.next(), dispose };
}

export function webSocketPair(): Promise<Pair<MessagePipe>> {
  return pair<MessagePipe>(
    (accept) => listenWebSocket({ port: 0 }, accept),
    (port) => connectWebSocket(`ws://127.0.0.1:${port}/xcp`),
  );
}

export function secureWebSocketPair(): Promise<Pair<MessagePipe>> {
  return pair<MessagePipe>(
    (accept) => listenWebSocket({ port: 0, tls: serverTls() }, accept),
    (port) => connectWebSocket(`wss://localhost:${port}/xcp`, { tls: clientTls() }),
  );
}

export function http2Pair(): Promise<Pair<ByteStream>> {
  return pair<ByteStream | MessagePipe>(
    (accept) => listenHttp2({ port: 0 }, accept),
    (port) => connectHttp2(`h2c://127.0.0.1:${port}`),
  ) as Promise<Pair<ByteStream>>;
}

export function secureHttp2Pair(): Promise<Pair<ByteStream>> {
  return pair<ByteStream | MessagePipe>(
    (accept) => listenHttp2({ port: 0, tls: serverTls() }, accept),
    (port) => connectHttp2(`h2://localhost:${port}`, { tls: clientTls() }),
  ) as Promise<Pair<ByteStream>>;
}

export function http2ChannelsPair(): Promise<Pair<MessagePipe>> {
  return pair<ByteStream | MessagePipe>(
    (accept) => listenHttp2({ port: 0 }, accept),
    (port) => connectHttp2Channels(`h2c://127.0.0.1:${port}`),
  ) as Promise<Pair<MessagePipe>>;
}
