import { afterEach, describe, expect, test } from "@jest/globals";
import {
  acceptWebTransportRpcSession,
  type ByteStreamPair,
  type MessageFraming,
  newByteStreamRpcSession,
  newWebTransportRpcSession,
  RpcTarget,
  type WebTransportConnectOptions,
  type WebTransportLike,
  webTransportPair,
} from "@proj/capnweb-rpc";
import { connect, createServer, type ClientHttp2Session, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";

class Main extends RpcTarget {
  square(x: number): number {
    return x * x;
  }
  async callBack(f: (text: string) => Promise<string>): Promise<string> {
    return `${await f("you")}!`;
  }
  fail(): never {
    throw new RangeError("no");
  }
  size(bytes: Uint8Array): number {
    return bytes.length;
  }
  never(): Promise<void> {
    return new Promise(() => undefined);
  }
}

describe.each<MessageFraming>(["newline", "length"])("framing %s", (framing) => {
  test("calls, pipelining, callbacks, errors and megabytes cross", async () => {
    const pair = webTransportPair();
    acceptWebTransportRpcSession(pair.server, new Main(), { framing });
    const main = newWebTransportRpcSession<Main>(pair.client, undefined, { framing });
    expect(await main.square(main.square(3))).toBe(81);
    expect(await main.callBack((text: string) => Promise.resolve(`hello ${text}`))).toBe(
      "hello you!",
    );
    await expect(main.fail()).rejects.toThrow(RangeError);
    expect(await main.size(new Uint8Array(3_000_000))).toBe(3_000_000);
    main[Symbol.dispose]();
    expect(await pair.server.closed).toMatchObject({ closeCode: 3000 });
  });
});

test("the server may call first: a stream is visible before its client says anything", async () => {
  const pair = webTransportPair();
  newWebTransportRpcSession(pair.client, new Main());
  const peer = acceptWebTransportRpcSession<Main>(pair.server);
  expect(await peer.square(5)).toBe(25);
});

test("calls made while the transport connects wait for it", async () => {
  const pair = webTransportPair();
  let open = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    open = resolve;
  });
  const slow: WebTransportLike = {
    ready,
    incomingBidirectionalStreams: pair.client.incomingBidirectionalStreams,
    createBidirectionalStream: () => pair.client.createBidirectionalStream(),
    close: (info) => pair.client.close(info),
  };
  acceptWebTransportRpcSession(pair.server, new Main());
  const answer = newWebTransportRpcSession<Main>(slow).square(6);
  open();
  expect(await answer).toBe(36);
});

test("a URL goes to the constructor that is given, with the hashes", async () => {
  const pair = webTransportPair();
  const asked: unknown[] = [];
  class Connecting implements WebTransportLike {
    readonly ready = pair.client.ready;
    readonly incomingBidirectionalStreams = pair.client.incomingBidirectionalStreams;
    constructor(url: string, options?: WebTransportConnectOptions) {
      asked.push(url, options);
    }
    createBidirectionalStream(): Promise<ByteStreamPair> {
      return pair.client.createBidirectionalStream();
    }
    close(): void {
      pair.client.close();
    }
  }
  acceptWebTransportRpcSession(pair.server, new Main());
  const hashes = [{ algorithm: "sha-256", value: new Uint8Array(32) }];
  const main = newWebTransportRpcSession<Main>("https://127.0.0.1/rpc/wt", undefined, {
    WebTransport: Connecting,
    serverCertificateHashes: hashes,
  });
  expect(await main.square(2)).toBe(4);
  expect(asked).toEqual(["https://127.0.0.1/rpc/wt", { serverCertificateHashes: hashes }]);
  expect(() => newWebTransportRpcSession("https://127.0.0.1/")).toThrow(
    "This host has no WebTransport",
  );
});

describe("ends", () => {
  test("a transport that never opens fails every call", async () => {
    const ready = Promise.reject(new Error("refused"));
    const main = newWebTransportRpcSession<Main>({
      ready,
      incomingBidirectionalStreams: new ReadableStream(),
      createBidirectionalStream: () => Promise.reject(new Error("not reached")),
      close: () => {
        throw new Error("not open");
      },
    });
    await expect(main.square(1)).rejects.toThrow("refused");
  });

  test("a client that closes without a stream ends the server's session", async () => {
    const pair = webTransportPair();
    const peer = acceptWebTransportRpcSession<Main>(pair.server);
    const call = peer.square(1);
    pair.client.close();
    await expect(call).rejects.toThrow("before it opened a stream");
  });

  test("the peer's end of the stream fails what is open", async () => {
    const { ours, theirs } = streams();
    const main = newByteStreamRpcSession<Main>(ours);
    const call = main.square(1);
    await theirs.writable.getWriter().close();
    await expect(call).rejects.toThrow("Peer closed the stream.");
  });

  test("an end inside a message is told apart", async () => {
    const { ours, theirs } = streams();
    const call = newByteStreamRpcSession<Main>(ours).square(1);
    const writer = theirs.writable.getWriter();
    await writer.write(new TextEncoder().encode('["resolve",1'));
    await writer.close();
    await expect(call).rejects.toThrow("in the middle of a message");
  });

  test("the peer's reset fails what is open, with its reason", async () => {
    const { ours, theirs } = streams();
    const call = newByteStreamRpcSession<Main>(ours).square(1);
    await theirs.writable.abort(new Error("reset by peer"));
    await expect(call).rejects.toThrow("reset by peer");
  });

  test("what breaks the framing resets the stream, and is told to the caller", async () => {
    const { ours, theirs } = streams();
    const main = newByteStreamRpcSession<Main>(ours, undefined, { limits: { maxMessageSize: 10 } });
    const call = main.square(1);
    const written = theirs.writable.getWriter().write(new Uint8Array(31).fill(65));
    await expect(call).rejects.toThrow("exceeds maximum size of 30 bytes");
    await written.catch(() => undefined);
    const reader = theirs.readable.getReader();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow("exceeds maximum size");
  });

  test("a protocol error reaches the peer as an abort before the end", async () => {
    const { ours, theirs } = streams();
    newByteStreamRpcSession(ours, new Main());
    await theirs.writable.getWriter().write(new TextEncoder().encode('["pull",9]\n'));
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of theirs.readable) text += decoder.decode(chunk);
    expect(text.trim()).toBe('["abort",["error","Error","no such export ID: 9"]]');
  });

  test("a second stream of the client is refused, and the session lives on", async () => {
    const pair = webTransportPair();
    acceptWebTransportRpcSession(pair.server, new Main());
    const main = newWebTransportRpcSession<Main>(pair.client);
    expect(await main.square(2)).toBe(4);
    const second = await pair.client.createBidirectionalStream();
    await expect(second.readable.getReader().read()).rejects.toThrow("A session is one stream.");
    expect(await main.square(3)).toBe(9);
  });

  test("a peer that takes nothing cannot hold the transport open", async () => {
    const pair = webTransportPair();
    const main = newWebTransportRpcSession<Main>(pair.client);
    void main.never().catch(() => undefined);
    main[Symbol.dispose]();
    expect(await pair.client.closed).toMatchObject({ closeCode: 3000 });
  });
});

describe("over streams of HTTP/2", () => {
  let server: Http2Server | undefined;
  let client: ClientHttp2Session | undefined;
  afterEach(() => {
    client?.destroy();
    server?.close();
  });

  test("a session takes one stream", async () => {
    server = createServer();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200 });
      newByteStreamRpcSession(webStreams(stream), new Main());
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    client = connect(`http://127.0.0.1:${port}`);
    const stream = client.request({ ":method": "POST" }, { endStream: false });
    const main = newByteStreamRpcSession<Main>(webStreams(stream));
    const calls = Array.from({ length: 100 }, (_, i) => main.square(i));
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i * i));
    expect(await main.size(new Uint8Array(1_000_000))).toBe(1_000_000);
    main[Symbol.dispose]();
  });
});

function webStreams(stream: Duplex): ByteStreamPair {
  return Duplex.toWeb(stream) as ByteStreamPair;
}

function streams(): { readonly ours: ByteStreamPair; readonly theirs: ByteStreamPair } {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return {
    ours: { readable: back.readable, writable: there.writable },
    theirs: { readable: there.readable, writable: back.writable },
  };
}
