import { afterEach, describe, expect, test } from "@jest/globals";
import {
  Connection,
  newWebSocketRpcSession,
  RpcTarget,
  webSocketConnector,
} from "@proj/capnweb-rpc";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

class Api extends RpcTarget {
  readonly #order: number[] = [];
  echo(value: unknown) {
    return value;
  }
  note(n: number, _bytes?: Uint8Array) {
    this.#order.push(n);
    return this.#order;
  }
}

const long = new Uint8Array(100_000).map((_, at) => (at * 31) & 0xff);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server whose sockets compress, or not. */
async function serve(perMessageDeflate: boolean): Promise<string> {
  const http: Server = createServer();
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: perMessageDeflate && { threshold: 0 },
  });
  server.on("connection", (socket) => newWebSocketRpcSession(socket, new Api()));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of server.clients) socket.terminate();
    http.close();
  });
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function connect(url: string): WebSocket {
  const socket = new WebSocket(url);
  closing.push(() => socket.terminate());
  return socket;
}

describe("long messages over a socket of ws", () => {
  test.each([false, true])("bytes cross both ways (compressed: %s)", async (compressed) => {
    const socket = connect(await serve(compressed));
    const api = newWebSocketRpcSession<Api>(socket);
    const value = { é: "ü😀", bytes: long, more: [long.subarray(1), "capnweb:plain"] };
    expect(await api.echo(value)).toEqual({
      é: "ü😀",
      bytes: Buffer.from(long),
      more: [Buffer.from(long.subarray(1)), "capnweb:plain"],
    });
    expect(socket.extensions).toBe(compressed ? "permessage-deflate" : "");
  });

  test("text beyond ASCII and text of ASCII arrive as they are", async () => {
    const api = newWebSocketRpcSession<Api>(connect(await serve(false)));
    for (const text of ["a".repeat(50_000), "é".repeat(50_000), `${"a".repeat(9000)}😀`]) {
      expect(await api.echo(text)).toBe(text);
    }
  });

  test("short and long ones, sent before the socket is open and after, keep their order", async () => {
    const socket = connect(await serve(false));
    const api = newWebSocketRpcSession<Api>(socket);
    const early = [api.note(1), api.note(2, long), api.note(3)];
    await Promise.all(early);
    const late = [api.note(4, long), api.note(5), api.note(6, long), api.note(7)];
    await Promise.all(late);
    expect(await api.note(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("masks differ from message to message, and every frame is masked", async () => {
    const socket = connect(await serve(false));
    const api = newWebSocketRpcSession<Api>(socket);
    await api.note(0);
    const { _socket: tcp } = socket as unknown as { _socket: { write(bytes: Buffer): boolean } };
    const write = tcp.write.bind(tcp);
    const heads: Buffer[] = [];
    tcp.write = (bytes) => {
      if (bytes.length > long.length) heads.push(Buffer.from(bytes.subarray(0, 14)));
      return write(bytes);
    };
    await api.note(1, long);
    await api.note(2, long);
    expect(heads.map((head) => head.subarray(0, 2).toString("hex"))).toEqual(["81ff", "81ff"]);
    expect(heads[0]?.subarray(10)).not.toEqual(heads[1]?.subarray(10));
  });

  test("a socket that is closing drops them, as it does others", async () => {
    const socket = connect(await serve(false));
    const api = newWebSocketRpcSession<Api>(socket);
    await api.note(1);
    socket.close();
    await expect(async () => await api.note(2, long)).rejects.toThrow(
      "Peer closed WebSocket: 1005",
    );
  });

  test("a socket that had to be loaded first, and a connection that says what a loss means", async () => {
    const { WebSocket: host } = globalThis as { WebSocket?: unknown };
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      const url = await serve(false);
      const api = newWebSocketRpcSession<Api>(url);
      expect(await api.echo(long)).toEqual(Buffer.from(long));
      api[Symbol.dispose]();
      const connection = new Connection<Api>(webSocketConnector(url));
      expect(await connection.main.echo(long)).toEqual(Buffer.from(long));
      connection.close();
    } finally {
      if (host !== undefined) Object.assign(globalThis, { WebSocket: host });
    }
  });
});
