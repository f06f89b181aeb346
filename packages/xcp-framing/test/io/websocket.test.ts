import { createServer, get, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { crc32c, type MessagePipe, type WireError } from "@proj/wire-types";
import { encodeFrame, XcpServer } from "@proj/xcp-framing";
import {
  attachWebSocket,
  connectWebSocket,
  connectXcp,
  listenWebSocket,
  type ListenWebSocketOptions,
  nodePlatform,
  serveXcp,
} from "@proj/xcp-framing/node";
import { type ClientOptions, WebSocket } from "ws";
import { Arrivals } from "../support/arrivals.js";
import { failure } from "../support/failure.js";
import { portOf } from "../support/pairs.js";
import { StreamLog } from "../support/stream-log.js";

const deaf = { message: () => undefined, drain: () => undefined, close: () => undefined };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(options: Partial<ListenWebSocketOptions> = {}) {
  const arrivals = new Arrivals<MessagePipe>();
  const errors = new Arrivals<WireError>();
  const listener = await listenWebSocket(
    { port: 0, onError: errors.add, ...options },
    arrivals.add,
  );
  cleanups.push(() => listener.close());
  return { port: portOf(listener), arrivals, errors };
}

/** A foreign client, open or refused with a status. */
function foreign(
  url: string,
  protocols: readonly string[] = ["xcp.v0.2"],
  options: ClientOptions = {},
): Promise<WebSocket | number | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, [...protocols], options);
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_request, response: IncomingMessage) => {
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on("error", () => resolve(undefined));
  });
}

async function foreignOpen(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = await foreign(url, ["other", "xcp.v0.2"], options);
  if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket}`);
  cleanups.push(() => socket.terminate());
  return socket;
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.on("close", resolve);
  });
}

/** A DATA frame, which is no legal start of a session. */
function frame(): Uint8Array {
  const header = {
    channelId: 1,
    msgType: 0x0100,
    bodyCodec: 1,
    schemaKey: undefined,
    msgId: 2,
    inReplyTo: 0,
    tags: [],
  };
  return Buffer.concat(
    encodeFrame("v0.2", { flags: 0, header, payload: Uint8Array.of(1) }, crc32c),
  );
}

describe("the upgrade", () => {
  test("takes the subprotocol xcp.v0.2 and no compression", async () => {
    const { port } = await serve();
    const socket = await foreignOpen(`ws://127.0.0.1:${port}/xcp`, { perMessageDeflate: true });
    expect(socket.protocol).toBe("xcp.v0.2");
    expect(socket.extensions).toBe("");
  });

  test.each([
    ["without the subprotocol", "/xcp", [], {}, 400],
    ["with others only", "/xcp", ["graphql-ws"], {}, 400],
    ["at another path", "/other", ["xcp.v0.2"], {}, 404],
    ["from a page", "/xcp", ["xcp.v0.2"], { origin: "https://evil.example" }, 403],
  ])("%s is refused", async (_name, path, protocols, options, status) => {
    const { port, arrivals } = await serve();
    expect(await foreign(`ws://127.0.0.1:${port}${path}`, protocols, options)).toBe(status);
    expect(arrivals.all).toEqual([]);
  });

  test("pages of named origins are admitted, `*` names all", async () => {
    const origin = "https://app.example";
    for (const origins of [[origin], ["*"]]) {
      const { port } = await serve({ origins });
      await foreignOpen(`ws://127.0.0.1:${port}/xcp?token=1`, { origin });
    }
  });

  test("an ordinary request learns that an upgrade is wanted", async () => {
    const { port } = await serve();
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ port, host: "127.0.0.1", path: "/xcp" }, resolve);
    });
    expect(response.statusCode).toBe(426);
    response.destroy();
  });

  test("a client that asks for nothing is let go", async () => {
    const { port, errors } = await serve({ handshakeTimeoutMs: 20 });
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => {
      socket.on("close", resolve);
    });
    socket.write("GET /xcp HTTP/1.1\r\n");
    socket.resume();
    expect((await errors.next()).code).toBe("wire.timeout");
    await closed;
  });
});

describe("an HTTP server with other things to do", () => {
  test("serves XCP at one path", async () => {
    const http = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((resolve) => {
      http.listen(0, "127.0.0.1", resolve);
    });
    cleanups.push(() => http.close());
    const server = new XcpServer({
      platform: nodePlatform,
      handler: ({ bodyCodec, body }) => ({ bodyCodec, body }),
    });
    const attached = attachWebSocket(http, { path: "/a" }, (pipe) => server.serve(pipe));
    const { port } = http.address() as AddressInfo;
    const client = await connectXcp(`ws://127.0.0.1:${port}/a`);
    const reply = await client.request({ bodyCodec: 8, body: Uint8Array.of(5) });
    expect(reply.body).toEqual(Uint8Array.of(5));
    expect(await foreign(`ws://127.0.0.1:${port}/b`)).toBe(404);
    attached.close();
    expect(await foreign(`ws://127.0.0.1:${port}/a`)).not.toBeInstanceOf(WebSocket);
    await client.close();
  });

  test("keeps its own WebSockets at other paths", async () => {
    const http = createServer();
    await new Promise<void>((resolve) => {
      http.listen(0, "127.0.0.1", resolve);
    });
    cleanups.push(() => http.close());
    attachWebSocket(http, { path: "/a" }, (pipe) => pipe.destroy());
    http.on("upgrade", (request, socket) => {
      if (request.url === "/b") socket.end("HTTP/1.1 418 I'm a teapot\r\n\r\n");
    });
    const { port } = http.address() as AddressInfo;
    expect(await foreign(`ws://127.0.0.1:${port}/b`)).toBe(418);
  });
});

describe("a hostile client", () => {
  test("§20: a text message closes with 1003", async () => {
    const { port, arrivals } = await serve();
    const socket = await foreignOpen(`ws://127.0.0.1:${port}/xcp`);
    const log = new StreamLog(await arrivals.next());
    const closed = closeCode(socket);
    socket.send("hello");
    expect(await closed).toBe(1003);
    expect((await log.closed)?.details).toEqual({ code: 1003 });
    expect(log.messages).toEqual([]);
  });

  test("a message above the largest frame closes with 1009", async () => {
    const limits = { maxFrameBytes: 1000, maxHeaderBytes: 1000 };
    const { port, arrivals } = await serve({ limits });
    const socket = await foreignOpen(`ws://127.0.0.1:${port}/xcp`);
    const log = new StreamLog(await arrivals.next());
    const closed = closeCode(socket);
    socket.send(new Uint8Array(2020));
    await log.until(({ messages }) => messages.length === 1);
    socket.send(new Uint8Array(2021));
    expect(await closed).toBe(1009);
    expect((await log.closed)?.code).toBe("wire.closed");
    expect(log.messages.length).toBe(1);
  });

  test("bytes that are no WebSocket close with 1002", async () => {
    const { port, arrivals } = await serve();
    const socket = await foreignOpen(`ws://127.0.0.1:${port}/xcp`);
    const log = new StreamLog(await arrivals.next());
    // A frame with reserved bits, behind the library's back.
    const { _socket: raw } = socket as unknown as { readonly _socket: NodeJS.WritableStream };
    raw.write(Uint8Array.of(0xf2, 0x80, 0, 0, 0, 0));
    expect(await closeCode(socket)).toBe(1002);
    expect((await log.closed)?.code).toBe("wire.closed");
  });

  test.each([
    ["half a frame", frame().subarray(0, 20)],
    ["two frames", Buffer.concat([frame(), frame()])],
    ["no frame", Uint8Array.of(1, 2, 3)],
    ["a frame before HELLO", frame()],
  ])("§20: %s in one message closes with 1002", async (_name, message) => {
    const { urls, close } = await serveXcp({ listen: ["ws://127.0.0.1:0"] });
    cleanups.push(close);
    const socket = await foreignOpen(urls[0] ?? "");
    const closed = closeCode(socket);
    socket.send(message);
    expect(await closed).toBe(1002);
  });

  test("pings are answered", async () => {
    const { port, arrivals } = await serve();
    const socket = await foreignOpen(`ws://127.0.0.1:${port}/xcp`);
    (await arrivals.next()).open(deaf);
    const pong = new Promise<Buffer>((resolve) => {
      socket.on("pong", resolve);
    });
    socket.ping("x");
    expect(String(await pong)).toBe("x");
  });
});

describe("a client", () => {
  async function answering(answer: string): Promise<string> {
    const server = createServer();
    server.on("upgrade", (_request, socket) => {
      socket.on("error", () => undefined);
      socket.end(answer);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    cleanups.push(() => server.close());
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    [401, "xcp.auth_required"],
    [403, "xcp.auth_failed"],
    [503, "wire.connection_failed"],
    [302, "wire.connection_failed"],
  ])("explains status %d", async (status, code) => {
    const url = await answering(`HTTP/1.1 ${status} x\r\nlocation: /x\r\n\r\n`);
    const error = await failure(connectWebSocket(url));
    expect(error.code).toBe(code);
    expect(error.details["status"]).toBe(status);
  });

  test("refuses a server that knows no xcp.v0.2", async () => {
    const arrivals = new Arrivals<WebSocket>();
    const { WebSocketServer } = await import("ws");
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: () => false,
    });
    cleanups.push(() => server.close());
    server.on("connection", arrivals.add);
    await new Promise<void>((resolve) => {
      server.once("listening", resolve);
    });
    const { port } = server.address() as AddressInfo;
    const error = await failure(connectWebSocket(`ws://127.0.0.1:${port}`));
    expect(error.code).toBe("xcp.version_unsupported");
  });

  test("says nothing secret about its URL", async () => {
    const { port, arrivals } = await serve();
    const pipe = await connectWebSocket(`ws://me:secret@127.0.0.1:${port}/xcp?token=secret`);
    expect(JSON.stringify(pipe.info)).not.toContain("secret");
    (await arrivals.next()).destroy();
    const error = await failure(connectWebSocket("ws://me:secret@127.0.0.1:1/xcp?token=secret"));
    expect(error.message).not.toContain("secret");
    pipe.destroy();
  });

  test("learns the code and reason of a close", async () => {
    const { port, arrivals } = await serve();
    const log = new StreamLog(await connectWebSocket(`ws://127.0.0.1:${port}/xcp`));
    const pipe = await arrivals.next();
    pipe.open(deaf);
    pipe.end(1002, "é".repeat(100));
    const error = await log.closed;
    expect(error?.details).toEqual({ code: 1002 });
    expect(error?.message).toMatch(/^the peer closed with 1002 for this reason: é{61}$/);
  });
});
