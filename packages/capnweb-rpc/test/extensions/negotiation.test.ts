import { afterEach, describe, expect, test } from "@jest/globals";
import {
  chooseProtocol,
  Connection,
  EXTENDED_PROTOCOL,
  newWebSocketRpcSession,
  Observer,
  RpcSession,
  type RpcStub,
  RpcTarget,
  startWebSocketSession,
  type StartSessionOptions,
  streamCalls,
  webSocketConnector,
} from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { MemoryTransport, turns } from "../support/memory-transport.js";

// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

function makeMain(Target: typeof RpcTarget) {
  return class extends Target {
    echo(value: unknown) {
      return value;
    }
    call(callback: (value: unknown) => unknown, value: unknown) {
      return callback(value);
    }
  };
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Served {
  readonly url: string;
  readonly frames: string[];
}

/** Serves over `ws`, and notes every frame that arrives. */
async function serve(
  accept: (socket: WebSocket) => void,
  handleProtocols?: (offered: Set<string>) => string | false,
): Promise<Served> {
  const http: Server = createServer();
  const sockets = new WebSocketServer({
    server: http,
    ...(handleProtocols === undefined ? {} : { handleProtocols }),
  });
  const frames: string[] = [];
  sockets.on("connection", (socket: WebSocket) => {
    socket.on("message", (data, isBinary) => {
      frames.push(isBinary ? "binary" : (data as Buffer).toString());
    });
    accept(socket);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    http.close();
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, frames };
}

function connect(url: string, options: StartSessionOptions = { extensions: true }): Connection {
  const connection = new Connection(webSocketConnector(url, undefined, { WebSocket, ...options }), {
    reconnect: false,
  });
  closers.push(() => connection.close());
  return connection;
}

const Main = makeMain(RpcTarget);
const ReferenceMain = makeMain(reference.RpcTarget);

describe("§20.7: where both ends opted in", () => {
  const extended = (options: StartSessionOptions = {}) =>
    serve((socket) => {
      startWebSocketSession(socket, new Main(), { extensions: true, ...options });
    }, chooseProtocol);

  test("bytes go as they are, and Map, Set and RegExp cross", async () => {
    const { url, frames } = await extended();
    const main: Stub = connect(url).main;
    const bytes = new Uint8Array(1000).fill(7);
    expect([...(await main.echo(bytes))]).toEqual([...bytes]);
    expect(await main.echo(new Float32Array([1.5]))).toEqual(new Float32Array([1.5]));
    const value = { m: new Map([[1, new Uint8Array([1])]]), s: new Set(["a"]), r: /x/g };
    const { m, s, r } = await main.echo(value);
    expect([[...m.get(1)], s, r]).toEqual([[1], value.s, value.r]);
    expect(await main.call((back: Uint8Array) => back.length, bytes)).toBe(1000);
    expect(frames.filter((frame) => frame === "binary").length).toBeGreaterThanOrEqual(4);
  });

  test("streams of bytes too, with flow control", async () => {
    const { url } = await extended();
    const main: Stub = connect(url).main;
    const source = new Blob([new Uint8Array(300_000).fill(3)]).stream();
    const back: ReadableStream<Uint8Array> = await main.echo(source);
    let size = 0;
    for await (const chunk of back as unknown as AsyncIterable<Uint8Array>) size += chunk.length;
    expect(size).toBe(300_000);
  });

  test("a trace goes on at the peer", async () => {
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const traces: (string | undefined)[] = [];
    const serving = new Observer({ onCallStart: (call) => traces.push(call.traceparent) });
    const { url } = await extended({ observer: serving });
    const observer = new Observer({ currentTrace: () => parent });
    const main: Stub = connect(url, { extensions: true, observer }).main;
    expect(await main.echo(1)).toBe(1);
    expect(traces[0]).toContain("0af7651916cd43dd8448eb211c80319c");
  });

  test("a hostile frame ends its own session alone", async () => {
    const { url } = await extended();
    const socket = new WebSocket(url, [EXTENDED_PROTOCOL]);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    socket.on("open", () => socket.send(Buffer.from([255, 255, 255, 255, 1])));
    expect(await closed).toBe(3000);
    const main: Stub = connect(url).main;
    expect(await main.echo(2)).toBe(2);
  });
});

describe("§20.7: a peer that has not opted in sees none of it", () => {
  const servers: readonly [string, () => Promise<Served>][] = [
    [
      "the reference, on a server that takes the first offer",
      () =>
        serve(
          (socket) => void reference.newWebSocketRpcSession(socket as never, new ReferenceMain()),
        ),
    ],
    [
      "the reference, on a server that takes no offer",
      () =>
        serve(
          (socket) => void reference.newWebSocketRpcSession(socket as never, new ReferenceMain()),
          () => false,
        ),
    ],
    [
      "ours, without the option",
      () => serve((socket) => void newWebSocketRpcSession(socket, new Main())),
    ],
    [
      "ours, that opted in on an unaware server",
      () => serve((socket) => void startWebSocketSession(socket, new Main(), { extensions: true })),
    ],
  ];
  test.each(servers)("%s", async (_name, start) => {
    const { url, frames } = await start();
    const observer = new Observer({
      currentTrace: () => "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
    const main: Stub = connect(url, { extensions: true, observer }).main;
    expect([...(await main.echo(new Uint8Array([1, 2])))]).toEqual([1, 2]);
    expect(() => main.echo(new Map([[1, 2]]))).toThrow("Cannot serialize value: [object Map]");
    expect(frames.filter((frame) => frame.startsWith('["push"'))).toEqual([
      '["push",["pipeline",0,["echo"],[["bytes","AQI"]]]]',
    ]);
    expect(frames).not.toContain("binary");
  });

  test("a reference client of a server that opted in", async () => {
    const { url } = await serve((socket) => {
      const observer = new Observer();
      startWebSocketSession(socket, new Main(), { extensions: true, observer });
    }, chooseProtocol);
    const socket = new WebSocket(url);
    const frames: string[] = [];
    socket.on("message", (data, isBinary) => {
      frames.push(isBinary ? "binary" : (data as Buffer).toString());
    });
    closers.push(() => socket.terminate());
    const main: Stub = reference.newWebSocketRpcSession(socket as never);
    expect([...(await main.echo(new Uint8Array([1, 2])))]).toEqual([1, 2]);
    expect(await main.call((value: number) => value + 1, 4)).toBe(5);
    const plain = [
      '["resolve",1,["bytes","AQI"]]',
      '["push",["pipeline",-1,[],[4]]]',
      '["pull",1]',
      '["release",1,1]',
      '["resolve",2,5]',
      '["release",-1,1]',
    ];
    expect(frames.toSorted()).toEqual(plain.toSorted());
  });

  test("a reconnect to a server that takes no offer does not ask twice again", async () => {
    let connections = 0;
    const { url } = await serve(
      (socket) => {
        connections++;
        newWebSocketRpcSession(socket, new Main());
      },
      () => false,
    );
    const connector = webSocketConnector(url, undefined, { WebSocket, extensions: true });
    for (const expected of [2, 3]) {
      const connection = new Connection(connector, { reconnect: false });
      await connection.opened();
      connection.close();
      expect(connections).toBe(expected);
    }
  });
});

describe("§20.8: calls in two messages", () => {
  interface Api {
    echo(value: unknown): unknown;
    fail(): number;
    make(): { inc(): number };
    never(): Promise<number>;
  }
  function makeApi(Target: typeof RpcTarget) {
    class Counter extends Target {
      #count = 0;
      inc() {
        return ++this.#count;
      }
    }
    return class extends Target {
      echo(value: unknown) {
        return value;
      }
      fail(): number {
        throw new RangeError("out");
      }
      make() {
        return new Counter();
      }
      never() {
        return new Promise(() => undefined);
      }
    };
  }

  test.each(["ours", "reference"])("with a peer of %s", async (kind) => {
    const [near, far] = MemoryTransport.pair();
    const served =
      kind === "ours"
        ? new RpcSession(far, new (makeApi(RpcTarget))())
        : new reference.RpcSession(far, new (makeApi(reference.RpcTarget))());
    const session = new RpcSession<Api>(near);
    const main = session.getRemoteMain();
    const calls = streamCalls(main);
    expect(await calls.echo({ a: [1] })).toEqual({ a: [1] });
    await turns();
    expect([near.sent, far.sent]).toEqual([
      ['["stream",["pipeline",0,["echo"],[{"a":[[1]]}]]]'],
      ['["resolve",1,{"a":[[1]]}]'],
    ]);
    await expect(calls.fail()).rejects.toThrow(new RangeError("out"));
    const counter = (await calls.make()) as unknown as RpcStub<{ inc(): number }>;
    expect([await counter.inc(), await counter.inc()]).toEqual([1, 2]);
    expect(await streamCalls(counter).inc()).toBe(3);
    counter[Symbol.dispose]();
    await turns();
    expect([session.getStats(), served.getStats()]).toEqual([
      { imports: 1, exports: 1 },
      { imports: 1, exports: 1 },
    ]);
    expect(() => calls.echo(Symbol("x"))).toThrow("Cannot serialize value");
    const never = calls.never();
    expect(session.getStats().imports).toBe(2);
    near.lose(new Error("gone"));
    await expect(never).rejects.toThrow("gone");
    await expect(calls.echo(1)).rejects.toThrow("gone");
  });

  test("on a durable stub, and on a local one as always", async () => {
    const [near, far] = MemoryTransport.pair();
    void new RpcSession(far, new (makeApi(RpcTarget))());
    const main = new RpcSession<Api>(near).getRemoteMain();
    const echoed = await streamCalls(main.make()).inc();
    expect(echoed).toBe(1);
    expect(near.sent[0]).toContain('"push"');
  });
});
