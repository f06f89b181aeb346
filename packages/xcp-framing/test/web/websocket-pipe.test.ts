import { afterEach, describe, expect, test } from "@jest/globals";
import { ManualTime, type MessagePipe } from "@proj/wire-types";
import { messagePipeCases, type Pair, until } from "@proj/wire-types/testing";
import { listenWebSocket } from "@proj/xcp-framing/node";
import { connectWebSocket, webSocketPipe, type WebSocketPipeOptions } from "@proj/xcp-framing/web";
import { WebSocket as ForeignSocket } from "ws";
import { Arrivals } from "../support/arrivals.js";
import { failure } from "../support/failure.js";
import { portOf } from "../support/pairs.js";
import { StreamLog } from "../support/stream-log.js";

/** Unlike a browser's, the foreign socket throws errors that nobody listens to. */
class QuietSocket extends ForeignSocket {
  constructor(url: string | URL, protocol: string) {
    super(url, protocol);
    this.on("error", () => undefined);
  }
}

// The `ws` package has the interface of a browser's WebSocket; the real one is met in test/interop/browser.test.ts.
type Global = { WebSocket?: unknown };
const native = (globalThis as Global).WebSocket;

const deaf = { message: () => undefined, drain: () => undefined, close: () => undefined };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function webPair(options: WebSocketPipeOptions = {}): Promise<Pair<MessagePipe>> {
  const arrivals = new Arrivals<MessagePipe>();
  const listener = await listenWebSocket({ port: 0 }, arrivals.add);
  const socket = new ForeignSocket(`ws://127.0.0.1:${portOf(listener)}/xcp`, "xcp.v0.2");
  const a = webSocketPipe(socket as unknown as WebSocket, options);
  await new Promise((resolve) => {
    socket.on("open", resolve);
  });
  const dispose = async (): Promise<void> => {
    socket.terminate();
    await listener.close();
  };
  return { a, b: await arrivals.next(), dispose };
}

function run(cases: readonly { readonly name: string; run(): Promise<void> }[]): void {
  for (const { name, run: body } of cases) test(name, body, 20_000);
}

describe("a browser's pipe", () => run(messagePipeCases(() => webPair())));

describe("a browser's pipe, seen from the server", () => {
  // A browser cannot stop receiving: the pressure of a pause ends at its queue, see below.
  const pressure = /full|paused|answered false/;
  const cases = messagePipeCases(async () => {
    const { a, b, dispose } = await webPair();
    return { a: b, b: a, dispose };
  });
  run(cases.filter(({ name }) => !pressure.test(name)));
});

test("messages that come during a pause are held, up to a limit", async () => {
  const { a, b, dispose } = await webPair({ maxHeldBytes: 1000 });
  cleanups.push(dispose);
  const log = new StreamLog(a);
  const server = new StreamLog(b);
  a.pause();
  b.send([new Uint8Array(600)]);
  b.send([new Uint8Array(400)]);
  b.send([new Uint8Array(1)]);
  const error = await log.closed;
  expect(error?.message).toBe("paused with 1001 bytes to come");
  expect(log.messages).toEqual([]);
  expect((await server.closed)?.details).toEqual({ code: 4008 });
});

test("held messages come in order after a pause, the close last", async () => {
  const { a, b, dispose } = await webPair();
  cleanups.push(dispose);
  const log = new StreamLog(a);
  const server = new StreamLog(b);
  a.pause();
  for (let i = 0; i < 5; i++) b.send([Uint8Array.of(i)]);
  b.end();
  await server.closed;
  expect(log.messages).toEqual([]);
  a.resume();
  expect(await log.closed).toBeUndefined();
  expect([...log.bytes]).toEqual([0, 1, 2, 3, 4]);
});

test("the queue is looked at until it is empty", async () => {
  const timers = new ManualTime();
  const { a, b, dispose } = await webPair({ highWaterBytes: 1000, timers });
  cleanups.push(dispose);
  b.open(deaf);
  let drains = 0;
  a.open({
    message: () => undefined,
    drain: () => drains++,
    close: () => undefined,
  });
  b.pause();
  while (a.send([new Uint8Array(500_000)]));
  expect(a.queuedBytes).toBeGreaterThan(1000);
  timers.advance(20_000);
  expect(drains).toBe(0);
  b.resume();
  await until(() => a.queuedBytes === 0, "the queue to drain");
  timers.advance(5_000);
  expect(drains).toBe(1);
  a.destroy();
});

test("codes that a browser may not send travel 3000 higher", async () => {
  const { a, b, dispose } = await webPair();
  cleanups.push(dispose);
  const server = new StreamLog(b);
  a.open(deaf);
  a.end(1002, "malformed");
  const error = await server.closed;
  expect(error?.details).toEqual({ code: 4002 });
  expect(error?.message).toBe("the peer closed with 4002 for this reason: malformed");
});

test("text is refused", async () => {
  const { WebSocketServer } = await import("ws");
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  cleanups.push(() => server.close());
  server.on("connection", (socket) => socket.send("hello"));
  await new Promise<void>((resolve) => {
    server.once("listening", resolve);
  });
  const { port } = server.address() as { readonly port: number };
  const socket = new ForeignSocket(`ws://127.0.0.1:${port}`, "xcp.v0.2");
  cleanups.push(() => socket.terminate());
  const log = new StreamLog(webSocketPipe(socket as unknown as WebSocket));
  expect((await log.closed)?.message).toBe("text messages are not XCP frames");
});

describe("connecting", () => {
  afterEach(() => {
    (globalThis as Global).WebSocket = native;
  });

  function withSocket(): void {
    (globalThis as Global).WebSocket = QuietSocket;
  }

  test("reports what it is connected to, without secrets", async () => {
    withSocket();
    const arrivals = new Arrivals<MessagePipe>();
    const listener = await listenWebSocket({ port: 0 }, arrivals.add);
    cleanups.push(() => listener.close());
    const port = portOf(listener);
    const pipe = await connectWebSocket(`ws://127.0.0.1:${port}/xcp?token=secret`);
    expect(pipe.info).toEqual({
      transport: "ws",
      peer: { kind: "url", url: `ws://127.0.0.1:${port}/xcp` },
      secure: false,
      local: true,
    });
    pipe.destroy();
    (await arrivals.next()).destroy();
  });

  test.each([
    ["http://127.0.0.1", "wire.invalid_uri"],
    ["nonsense", "wire.invalid_uri"],
    ["ws://192.0.2.1/x", "xcp.crypt_required"],
    ["ws://127.0.0.1:1/x", "wire.connection_failed"],
  ])("%s fails with %s", async (url, code) => {
    withSocket();
    expect((await failure(connectWebSocket(url))).code).toBe(code);
  });

  test("time out and cancellation", async () => {
    withSocket();
    const { createServer } = await import("node:net");
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    cleanups.push(() => server.close());
    const { port } = server.address() as { readonly port: number };
    const url = `ws://127.0.0.1:${port}/`;
    const late = await failure(connectWebSocket(url, { timeoutMs: 20 }));
    expect(late.code).toBe("wire.timeout");
    const early = AbortSignal.abort("enough");
    const error = await failure(connectWebSocket(url, { signal: early }));
    expect(error.code).toBe("wire.cancelled");
    expect(error.cause).toBe("enough");
    const stop = new AbortController();
    const attempt = failure(connectWebSocket(url, { signal: stop.signal }));
    stop.abort();
    expect((await attempt).code).toBe("wire.cancelled");
  });
});
