import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect as connectNet } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type ByteStream, crc32c, type MessagePipe, type WireError } from "@proj/wire-types";
import { encodeFrame } from "@proj/xcp-framing";
import {
  connectHttp2,
  connectHttp2Channels,
  listenHttp2,
  type ListenHttp2Options,
} from "@proj/xcp-framing/node";
import { Arrivals } from "../support/arrivals.js";
import { failure } from "../support/failure.js";
import { portOf } from "../support/pairs.js";
import { StreamLog } from "../support/stream-log.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const TYPE = "application/vnd.xcp.frames";
const SESSION = "0123456789abcdef0123456789abcdef";

async function serve(options: Partial<ListenHttp2Options> = {}) {
  const arrivals = new Arrivals<ByteStream | MessagePipe>();
  const errors = new Arrivals<WireError>();
  const listener = await listenHttp2({ port: 0, onError: errors.add, ...options }, arrivals.add);
  cleanups.push(() => listener.close());
  return { port: portOf(listener), arrivals, errors };
}

/** A foreign client. */
function foreign(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  // Not from inside a callback of nghttp2, where Node 20 does not survive it.
  cleanups.push(() => setImmediate(() => session.destroy()));
  return session;
}

function request(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream {
  const stream = session.request(
    { ":method": "POST", ":path": "/xcp", "content-type": TYPE, ...headers },
    { endStream: false },
  );
  stream.on("error", () => undefined);
  stream.resume();
  return stream;
}

async function answer(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  return headers;
}

function frame(channelId: number, bytes = 1): Uint8Array {
  const header = {
    channelId,
    msgType: 0x0100,
    bodyCodec: 1,
    schemaKey: undefined,
    msgId: 2,
    inReplyTo: 0,
    tags: [],
  };
  const payload = new Uint8Array(bytes);
  return Buffer.concat(encodeFrame("v0.2", { flags: 0, header, payload }, crc32c));
}

describe("§20: a server answers", () => {
  test("200 at once, with the frames' content type", async () => {
    const { port } = await serve();
    const headers = await answer(request(foreign(port), { "content-type": `${TYPE}; v=1` }));
    expect(headers).toMatchObject({ ":status": 200, "content-type": TYPE });
  });

  test.each([
    [404, "another path", { ":path": "/other" }],
    [405, "another method", { ":method": "PUT" }],
    [415, "another content type", { "content-type": "application/grpc" }],
    [400, "a session without a channel", { "xcp-session": SESSION }],
    [400, "a channel without a session", { "xcp-channel": "0" }],
    [400, "a malformed session", { "xcp-session": "me", "xcp-channel": "0" }],
    [400, "a malformed channel", { "xcp-session": SESSION, "xcp-channel": "-1" }],
    [400, "a channel above u32", { "xcp-session": SESSION, "xcp-channel": "4294967296" }],
    [404, "a channel of an unknown session", { "xcp-session": SESSION, "xcp-channel": "3" }],
  ])("%d to %s", async (status, _name, headers) => {
    const { port, arrivals } = await serve();
    const stream = request(foreign(port), headers);
    expect((await answer(stream))[":status"]).toBe(status);
    await once(stream, "close");
    expect(arrivals.all).toEqual([]);
  });

  test("409 to a second stream of a channel", async () => {
    const { port, arrivals } = await serve();
    const session = foreign(port);
    const ask = (channel: number): ClientHttp2Stream =>
      request(session, { "xcp-session": SESSION, "xcp-channel": String(channel) });
    const statuses: unknown[] = [];
    for (const channel of [0, 1, 1]) statuses.push((await answer(ask(channel)))[":status"]);
    expect(statuses).toEqual([200, 200, 409]);
    expect(arrivals.all.length).toBe(1);
  });

  test("a session that ended may begin anew", async () => {
    const { port, arrivals } = await serve();
    const session = foreign(port);
    for (let round = 0; round < 2; round++) {
      const stream = request(session, { "xcp-session": SESSION, "xcp-channel": "0" });
      expect((await answer(stream))[":status"]).toBe(200);
      const log = new StreamLog(await arrivals.next());
      stream.end();
      await once(stream, "close");
      expect(await log.closed).toBeUndefined();
    }
  });
});

describe("a hostile client", () => {
  test("that speaks something else", async () => {
    const { port, errors } = await serve();
    const socket = connectNet({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    expect((await errors.next()).code).toBe("wire.connection_failed");
    socket.destroy();
  });

  test("that asks for nothing is let go", async () => {
    const { port, errors } = await serve({ handshakeTimeoutMs: 20 });
    const session = foreign(port);
    expect((await errors.next()).code).toBe("wire.timeout");
    await once(session, "close");
  });

  test("that resets its stream", async () => {
    const { port, arrivals } = await serve();
    const stream = request(foreign(port), {});
    await answer(stream);
    const log = new StreamLog(await arrivals.next());
    stream.destroy(new Error("enough"));
    const error = await log.closed;
    expect(error?.code).toBe("wire.closed");
    expect(log.ended).toBe(false);
  });

  test.each([
    ["no frame", Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), "xcp.bad_magic"],
    ["a frame above the limit", frame(0, 2000), "xcp.message_too_large"],
  ])("that sends %s on a channel ends its session", async (_name, bytes, code) => {
    const { port, arrivals } = await serve({ limits: { maxFrameBytes: 1000 } });
    const session = foreign(port);
    const [control, channel] = ["0", "1"].map((id) =>
      request(session, { "xcp-session": SESSION, "xcp-channel": id }),
    );
    if (control === undefined || channel === undefined) throw new Error("two streams");
    await answer(channel);
    const log = new StreamLog(await arrivals.next());
    const closed = [control, channel].map(
      (stream) => new Promise<void>((resolve) => stream.on("close", () => resolve())),
    );
    channel.write(bytes);
    expect((await log.closed)?.code).toBe(code);
    await Promise.all(closed);
  });

  test("that ends a channel inside a frame", async () => {
    const { port, arrivals } = await serve();
    const stream = request(foreign(port), { "xcp-session": SESSION, "xcp-channel": "0" });
    const log = new StreamLog(await arrivals.next());
    stream.end(frame(0).subarray(0, 11));
    expect((await log.closed)?.code).toBe("xcp.frame_truncated");
  });
});

describe("a client", () => {
  async function answering(respond: (stream: ServerHttp2Stream) => void): Promise<string> {
    const server = createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      respond(stream);
    });
    server.on("sessionError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(() => server.close());
    return `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    [401, "xcp.auth_required"],
    [403, "xcp.auth_failed"],
    [503, "wire.connection_failed"],
  ])("explains status %d", async (status, code) => {
    const url = await answering((stream) => stream.respond({ ":status": status }));
    for (const attempt of [connectHttp2(url), connectHttp2Channels(url)]) {
      const error = await failure(attempt);
      expect(error.code).toBe(code);
      expect(error.details["status"]).toBe(status);
    }
  });

  test("refuses a server that answers with something else", async () => {
    const url = await answering((stream) => {
      stream.respond({ ":status": 200, "content-type": "text/html" });
    });
    expect((await failure(connectHttp2(url))).message).toMatch(/content type text\/html/);
  });

  test("notices a server without HTTP/2", async () => {
    const { createServer: createNet } = await import("node:net");
    const server = createNet((socket) => {
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const error = await failure(connectHttp2(`h2c://127.0.0.1:${port}`));
    expect(error.code).toBe("wire.connection_failed");
  });

  test("gives up on a server that never answers", async () => {
    const url = await answering(() => undefined);
    expect((await failure(connectHttp2(url, { timeoutMs: 50 }))).code).toBe("wire.timeout");
  });

  test("sends further headers and leaves when its stream has ended", async () => {
    const seen = new Arrivals<IncomingHttpHeaders>();
    const server = createServer();
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200, "content-type": TYPE });
      stream.resume();
      stream.end();
      seen.add(headers);
    });
    const closed = new Promise<void>((resolve) => {
      server.on("session", (session) => session.on("close", () => resolve()));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const stream = await connectHttp2(`h2c://127.0.0.1:${port}`, {
      headers: { authorization: "Bearer x" },
    });
    expect(await seen.next()).toMatchObject({ ":path": "/xcp", authorization: "Bearer x" });
    const log = new StreamLog(stream);
    stream.end();
    expect(await log.closed).toBeUndefined();
    await closed;
  });
});
