import { afterEach, expect, test } from "@jest/globals";
import {
  newWebSocketRpcSession,
  type RpcStub,
  RpcTarget,
  startWebSocketSession,
} from "@proj/capnweb-rpc";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

const MIB = 1 << 20;

let http: Server | undefined;
afterEach(() => {
  http?.closeAllConnections();
  http?.close();
});

/** Connects two sockets of `ws`. */
async function sockets(): Promise<{ readonly near: WebSocket; readonly far: WebSocket }> {
  http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const near = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await once(near, "open");
  const [far] = await accepted;
  return { near, far };
}

class Listener extends RpcTarget {
  heard = 0;
  hear(_what: string): void {
    this.heard++;
  }
}

const starts: readonly (readonly [
  string,
  (socket: WebSocket, maxUnsentBytes: number) => RpcStub<Listener>,
])[] = [
  [
    "newWebSocketRpcSession",
    (socket, maxUnsentBytes) =>
      newWebSocketRpcSession<Listener>(socket, undefined, { maxUnsentBytes }),
  ],
  [
    "startWebSocketSession",
    (socket, maxUnsentBytes) =>
      startWebSocketSession<Listener>(socket, undefined, { maxUnsentBytes }).getRemoteMain(),
  ],
];

test.each(starts)(
  "%s: a peer that takes nothing loses its session, not the process its memory",
  async (_, start) => {
    const { near, far } = await sockets();
    const listener = new Listener();
    newWebSocketRpcSession(near, listener);
    const main = start(far, 8 * MIB);
    const broken = new Promise<unknown>((resolve) => {
      main.onRpcBroken(resolve);
    });
    expect(await main.hear("at first")).toBeUndefined();
    near.pause();
    let mostWaiting = 0;
    const ended = new AbortController();
    void broken.then(() => ended.abort());
    for (let sent = 0; !ended.signal.aborted && sent < 200; sent++) {
      void main.hear("x".repeat(MIB)).catch(() => undefined);
      mostWaiting = Math.max(mostWaiting, far.bufferedAmount);
      // The socket writes between the calls.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await broken).toMatchObject({ code: "capnweb.slow_peer" });
    expect(mostWaiting).toBeLessThan(10 * MIB);
    far.terminate();
    near.terminate();
  },
);

test("without a limit, and below it, everything is sent", async () => {
  const { near, far } = await sockets();
  const listener = new Listener();
  newWebSocketRpcSession(near, listener);
  const main = newWebSocketRpcSession<Listener>(far, undefined, { maxUnsentBytes: 8 * MIB });
  for (let sent = 0; sent < 20; sent++) await main.hear("x".repeat(MIB));
  expect(listener.heard).toBe(20);
  main[Symbol.dispose]();
  near.terminate();
});
