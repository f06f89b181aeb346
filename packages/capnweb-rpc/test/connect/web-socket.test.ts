import { afterEach, describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import {
  Connection,
  ConnectionPool,
  type ConnectionState,
  RpcSession,
  RpcTarget,
  SessionGroup,
  webSocketConnector,
  webSocketLink,
  WebSocketTransport,
} from "@proj/capnweb-rpc";
import { until } from "@proj/wire-types/testing";
import * as reference from "capnweb";
import { WebSocket } from "ws";
import { RestartingServer } from "./restarting-server.js";

// Node 20 has none, and the reference takes it from there.
Object.assign(globalThis, { WebSocket });

interface Api {
  who(): string;
  never(): Promise<number>;
  callBack(callback: () => string): Promise<string>;
}

const servers: RestartingServer[] = [];
const connections: Disposable[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection[Symbol.dispose]();
  for (const server of servers.splice(0)) await server.kill();
});

async function serve(library: typeof ours): Promise<RestartingServer> {
  let sessions = 0;
  const server = new RestartingServer((socket) => {
    const name = `session ${sessions++}`;
    class Main extends library.RpcTarget {
      who() {
        return name;
      }
      never() {
        return new Promise(() => undefined);
      }
      callBack(callback: () => Promise<string>) {
        return callback();
      }
    }
    library.newWebSocketRpcSession(socket, new Main());
  });
  servers.push(server);
  await server.start();
  return server;
}

describe.each([
  ["ours", ours],
  ["reference", reference as unknown as typeof ours],
])("server of %s", (_name, library) => {
  test("a killed server that comes back: the same stub goes on, callbacks included", async () => {
    const server = await serve(library);
    const states: ConnectionState["kind"][] = [];
    const connection = new Connection<Api>(webSocketConnector(server.url), {
      reconnect: { baseMs: 5, capMs: 20 },
      onState: ({ kind }) => {
        if (states.at(-1) !== kind) states.push(kind);
      },
    });
    connections.push(connection);
    expect(await connection.main.who()).toBe("session 0");
    const inFlight = connection.main.never().then(
      () => undefined,
      (error: unknown) => error,
    );
    await server.kill();
    expect(await inFlight).toMatchObject({ code: "capnweb.connection_lost" });
    const queued = connection.main.who();
    // Some attempts fail before the server is there again.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(connection.state).toMatchObject({ kind: "reconnecting" });
    await server.start();
    expect(await queued).toBe("session 1");
    expect(await connection.main.callBack(() => "called")).toBe("called");
    expect(states).toEqual(["open", "reconnecting", "open"]);
  });

  test("pings are answered by the transport, where its socket offers them", async () => {
    const server = await serve(library);
    const beganMs = performance.now();
    const roundTrips: number[] = [];
    await new Promise<void>((resolve) => {
      const connection = new Connection<Api>(
        webSocketConnector(server.url, undefined, { WebSocket }),
        {
          health: { intervalMs: 5 },
          onPing: (ms) => {
            if (roundTrips.push(ms) === 2) resolve();
          },
        },
      );
      connections.push(connection);
      void connection.opened();
    });
    const tookMs = performance.now() - beganMs + 1;
    expect(roundTrips.every((ms) => ms >= 0 && ms < tookMs)).toBe(true);
  });

  test("pings are answered by the session, where the socket does not", async () => {
    const server = await serve(library);
    class Plain extends WebSocket {
      override ping = undefined as never;
    }
    const beganMs = performance.now();
    const connected = new Promise<number>((resolve) => {
      const connection = new Connection<Api>(
        webSocketConnector(server.url, undefined, { WebSocket: Plain }),
        { health: { intervalMs: 5 }, onPing: resolve },
      );
      connections.push(connection);
    });
    expect(await connected).toBeLessThan(performance.now() - beganMs + 1);
  });

  test("a pool of sessions", async () => {
    const server = await serve(library);
    const pool = new ConnectionPool<Api>(webSocketConnector(server.url), {
      size: 2,
      choice: "roundRobin",
    });
    connections.push(pool);
    await Promise.all(pool.members.map((member) => member.opened()));
    const who = await Promise.all([pool.main.who(), pool.main.who()]);
    expect(who.toSorted()).toEqual(["session 0", "session 1"]);
    expect(await pool.drain(1000)).toBe(true);
  });
});

test("a host without a WebSocket of its own takes that of ws", async () => {
  const server = await serve(ours);
  const host = globalThis.WebSocket;
  Object.assign(globalThis, { WebSocket: undefined });
  try {
    const connection = new Connection<Api>(webSocketConnector(server.url));
    connections.push(connection);
    expect(await connection.main.who()).toBe("session 0");
  } finally {
    Object.assign(globalThis, { WebSocket: host });
  }
});

test("nobody there: attempts fail until there are enough of them", async () => {
  const connection = new Connection<Api>(webSocketConnector("ws://127.0.0.1:1"), {
    reconnect: { baseMs: 1, maxAttempts: 3 },
  });
  await expect(connection.opened()).rejects.toMatchObject({ code: "capnweb.not_connected" });
});

test("an attempt that hangs is given up", async () => {
  const { createServer } = await import("node:net");
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { readonly port: number };
  const sockets: { destroy(): void }[] = [];
  silent.on("connection", (socket) => sockets.push(socket.on("error", () => undefined)));
  const connection = new Connection<Api>(webSocketConnector(`ws://127.0.0.1:${port}`), {
    connectTimeoutMs: 20,
    reconnect: false,
  });
  await expect(connection.opened()).rejects.toMatchObject({ code: "capnweb.connect_timeout" });
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test("a draining server answers a reference client and then closes with 1001", async () => {
  const group = new SessionGroup();
  const answers: ((text: string) => void)[] = [];
  class Main extends RpcTarget {
    slow() {
      return new Promise<string>((resolve) => answers.push(resolve));
    }
  }
  const server = new RestartingServer((socket) => {
    const transport = new WebSocketTransport(socket);
    const session = new RpcSession(transport, new Main(), { hooks: group.hooks });
    group.add(webSocketLink(session, socket));
  });
  servers.push(server);
  await server.start();
  const socket = new WebSocket(server.url);
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  const main = reference.newWebSocketRpcSession<Main>(socket as never);
  const slow = main.slow().then((text) => text);
  await until(() => answers.length > 0, "the call to arrive");
  const drained = group.drain(1000);
  answers[0]?.("done");
  expect(await slow).toBe("done");
  expect(await drained).toEqual({ answered: 1, cut: 0 });
  expect(await closed).toBe(1001);
  expect(group.size).toBe(0);
});
