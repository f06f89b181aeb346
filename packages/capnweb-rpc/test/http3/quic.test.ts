import { afterEach, describe, expect, test } from "@jest/globals";
import {
  acceptWebTransportRpcSession,
  newWebTransportRpcSession,
  type RpcStub,
  RpcTarget,
  type WebTransportSessionOptions,
} from "@proj/capnweb-rpc";
import {
  developmentCertificate,
  Http3WebTransport,
  serveWebTransport,
  type ServeWebTransportOptions,
  type WebTransportServer,
} from "@proj/capnweb-rpc/http3";
import { loadQuiche } from "#src/io/quiche.js";
import { createSocket } from "node:dgram";
import { X509Certificate } from "node:crypto";

class Main extends RpcTarget {
  square(x: number): number {
    return x * x;
  }
  async callBack(f: (text: string) => Promise<string>): Promise<string> {
    return `${await f("you")}!`;
  }
  echo(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
  never(): Promise<void> {
    return new Promise(() => undefined);
  }
}

const certificate = developmentCertificate();
const servers: WebTransportServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(options: Partial<ServeWebTransportOptions> = {}): Promise<WebTransportServer> {
  const server = await serveWebTransport({ ...certificate, ...options }, (transport) => {
    acceptWebTransportRpcSession(transport, new Main());
  });
  servers.push(server);
  return server;
}

function open(url: string, options: WebTransportSessionOptions = {}): RpcStub<Main> {
  return newWebTransportRpcSession<Main>(url, undefined, {
    WebTransport: Http3WebTransport,
    serverCertificateHashes: [certificate.hash],
    ...options,
  });
}

function quicIsHere(): boolean {
  try {
    loadQuiche();
    return true;
  } catch {
    return false;
  }
}

test("the development certificate names this host, for less than 14 days", () => {
  const read = new X509Certificate(Buffer.from(certificate.cert));
  expect(read.checkHost("localhost")).toBe("localhost");
  expect(read.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(read.checkIP("::1")).toBe("::1");
  expect(read.verify(read.publicKey)).toBe(true);
  const days = (Date.parse(read.validTo) - Date.parse(read.validFrom)) / 86_400_000;
  expect(days).toBeLessThan(14);
});

(quicIsHere() ? describe : describe.skip)("over QUIC (an optional package, by platform)", () => {
  test("calls, pipelining, callbacks and megabytes cross; the end is clean", async () => {
    const server = await serve();
    const main = open(server.url);
    expect(await main.square(main.square(3))).toBe(81);
    expect(await main.callBack((text) => Promise.resolve(`hello ${text}`))).toBe("hello you!");
    const bytes = new Uint8Array(1_000_000).map((_, i) => i % 251);
    expect(Buffer.compare(await main.echo(bytes), bytes)).toBe(0);
    const broken = new Promise((resolve) => main.onRpcBroken(resolve));
    main[Symbol.dispose]();
    expect(String(await broken)).toContain("disposing the main stub");
  });

  test("many clients are served at once", async () => {
    const server = await serve();
    const clients = Array.from({ length: 10 }, () => open(server.url));
    const answers = await Promise.all(clients.map((main, i) => main.square(i)));
    expect(answers).toEqual(clients.map((_, i) => i * i));
    for (const main of clients) main[Symbol.dispose]();
  });

  test("the server's end fails what is open", async () => {
    const server = await serve();
    const main = open(server.url);
    await main.square(1);
    const call = main.never();
    await Promise.all([expect(call).rejects.toThrow("server is closing"), server.close()]);
    servers.length = 0;
  });

  test("another certificate, path or host is refused", async () => {
    const server = await serve();
    const other = [{ algorithm: "sha-256", value: new Uint8Array(32) }];
    await expect(open(server.url, { serverCertificateHashes: other }).square(1)).rejects.toThrow(
      "none of the expected hashes",
    );
    await expect(open(server.url.replace("/wt", "/x")).square(1)).rejects.toThrow("answers 404");
    expect(() => open("http://127.0.0.1/rpc/wt")).toThrow("is no https: URL");
  });

  test("a certificate that no authority vouches for is refused without its hash", async () => {
    const server = await serve();
    const main = newWebTransportRpcSession<Main>(server.url, undefined, {
      WebTransport: Http3WebTransport,
    });
    await expect(main.square(1)).rejects.toThrow("closed the QUIC connection");
  });

  test("a transport that is closed while it opens fails what was asked of it", async () => {
    const server = await serve();
    const transport = new Http3WebTransport(server.url, {
      serverCertificateHashes: [certificate.hash],
    });
    transport.close();
    await expect(transport.ready).rejects.toThrow("closed");
    await expect(transport.createBidirectionalStream()).rejects.toThrow("closed");
  });

  test("datagrams of noise are dropped, and sessions live on", async () => {
    const server = await serve();
    const main = open(server.url);
    await main.square(1);
    const socket = createSocket("udp4");
    const beginnings = [20, 60, 1199, 1200, 1400].flatMap((length) =>
      // Long headers of a known and of an unknown version, with nothing that decrypts behind them.
      [
        [0, 0, 0, 1],
        [0x1a, 0x2a, 0x3a, 0x4a],
      ].map((version) => {
        const datagram = new Uint8Array(length);
        datagram.set([0xc0, ...version, 8, 1, 2, 3, 4, 5, 6, 7, length & 0xff, 0]);
        return datagram;
      }),
    );
    const noise = Array.from({ length: 200 }, (_, i) =>
      Uint8Array.from({ length: (i * 7) % 1300 }, (__, j) => (i * 31 + j * 17) % 256),
    );
    await Promise.all(
      [...beginnings, ...noise].map(
        (datagram) =>
          new Promise<void>((resolve) =>
            socket.send(datagram, server.port, "127.0.0.1", () => resolve()),
          ),
      ),
    );
    socket.close();
    expect(await main.square(12)).toBe(144);
    main[Symbol.dispose]();
  });

  test("versions of QUIC that are unknown are answered with those that are known", async () => {
    const server = await serve();
    const socket = createSocket("udp4");
    const initial = new Uint8Array(1200);
    // A long header, version 0x1a2a3a4a, ids of 8 bytes.
    initial.set([
      0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 7, 6, 5, 4, 3, 2, 1,
    ]);
    const answer = new Promise<Buffer>((resolve) => socket.once("message", resolve));
    socket.send(initial, server.port, "127.0.0.1");
    const negotiation = await answer;
    expect(negotiation.subarray(1, 5)).toEqual(Buffer.from([0, 0, 0, 0]));
    socket.close();
  });
});
