import { type AddressInfo, connect as connectNet } from "node:net";
import { type ConnectionOptions, connect, createServer, type TlsOptions } from "node:tls";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type ByteStream, formatHex, type WireError } from "@proj/wire-types";
import { connectTls, type ListenTlsOptions, listenTls, type TlsInfo } from "@proj/xcp-framing/node";
import { Arrivals } from "../support/arrivals.js";
import {
  clientTls,
  clientTlsAs,
  mutualServerTls,
  pem,
  serverTls,
} from "../support/certificates.js";
import { failure } from "../support/failure.js";
import { portOf } from "../support/pairs.js";
import { StreamLog } from "../support/stream-log.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(options: Partial<ListenTlsOptions> = {}) {
  const arrivals = new Arrivals<ByteStream>();
  const errors = new Arrivals<WireError>();
  const listener = await listenTls(
    { port: 0, tls: serverTls(), onError: errors.add, ...options },
    arrivals.add,
  );
  cleanups.push(() => listener.close());
  return { port: portOf(listener), arrivals, errors };
}

/** A foreign server whose TLS is not what XCP asks for. */
async function foreignServer(options: TlsOptions): Promise<number> {
  const server = createServer(
    { cert: pem("server.cert"), key: pem("server.key"), ...options },
    (socket) => socket.on("error", () => undefined),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a foreign client meets: the code of its failure. */
function foreignClient(port: number, options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ca: pem("authority.cert"), ...options });
    let code: string | undefined;
    socket.on("error", (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(code));
    socket.resume();
  });
}

describe("a client refuses", () => {
  test("a certificate of an authority that it does not trust", async () => {
    const { port } = await serve();
    const error = await failure(connectTls({ port, tls: { ca: pem("stranger.cert") } }));
    expect(error.code).toBe("xcp.auth_failed");
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(/^the certificate cannot be trusted of 127\.0\.0\.1:\d+ \(/);
  });

  test("the system's authorities do not know ours", async () => {
    const { port } = await serve();
    expect((await failure(connectTls({ port }))).code).toBe("xcp.auth_failed");
  });

  test("a certificate for another host", async () => {
    const { port } = await serve();
    const tls = { ...clientTls(), serverName: "example.org" };
    const error = await failure(connectTls({ port, tls }));
    expect(error.code).toBe("xcp.auth_failed");
    expect(error.message).toMatch(/^the certificate is for another host than/);
  });

  test.each([
    ["offers another protocol", { ALPNProtocols: ["h2"] }],
    ["knows no ALPN", {}],
  ])("a server that %s", async (_name, options) => {
    const port = await foreignServer(options);
    const error = await failure(connectTls({ port, tls: clientTls() }));
    expect(error.code).toBe("xcp.version_unsupported");
  });

  test("a server of TLS 1.2", async () => {
    const port = await foreignServer({ maxVersion: "TLSv1.2", ALPNProtocols: ["xcp/0.2"] });
    const error = await failure(connectTls({ port, tls: clientTls() }));
    expect(error.code).toBe("xcp.crypt_required");
    expect(error.message).toMatch(/^TLS 1\.3 is not spoken by/);
  });
});

describe("a server refuses", () => {
  test.each([
    [
      "TLS 1.2",
      { maxVersion: "TLSv1.2" as const, ALPNProtocols: ["xcp/0.2"] },
      "xcp.crypt_required",
    ],
    ["another protocol", { ALPNProtocols: ["http/1.1"] }, "xcp.version_unsupported"],
    ["a client without ALPN", {}, "xcp.version_unsupported"],
  ])("%s", async (_name, options, code) => {
    const { port, errors, arrivals } = await serve();
    await foreignClient(port, options);
    expect((await errors.next()).code).toBe(code);
    expect(arrivals.all).toEqual([]);
  });

  test("what is not TLS at all", async () => {
    const { port, errors } = await serve();
    const socket = connectNet({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    socket.end("GET / HTTP/1.1\r\n\r\n");
    expect((await errors.next()).code).toBe("wire.connection_failed");
    socket.destroy();
  });

  test("a client that does not finish its handshake", async () => {
    const { port, errors } = await serve({ handshakeTimeoutMs: 20 });
    const socket = connectNet({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    expect((await errors.next()).details["code"]).toBe("ERR_TLS_HANDSHAKE_TIMEOUT");
    socket.destroy();
  });

  test("a client without a certificate, which learns why", async () => {
    const { port, errors, arrivals } = await serve({ tls: mutualServerTls() });
    const stream = await connectTls({ port, tls: clientTls() });
    const error = await new StreamLog(stream).closed;
    expect(error?.code).toBe("xcp.auth_required");
    expect((await errors.next()).code).toBe("xcp.auth_required");
    expect(arrivals.all).toEqual([]);
  });

  test("a client of another authority", async () => {
    const { port, errors, arrivals } = await serve({ tls: mutualServerTls() });
    const stream = await connectTls({ port, tls: clientTlsAs("intruder") });
    stream.open({
      data: () => undefined,
      drain: () => undefined,
      end: () => stream.destroy(),
      close: () => undefined,
    });
    const error = await errors.next();
    expect(error.code).toBe("xcp.auth_failed");
    expect(arrivals.all).toEqual([]);
  });
});

test("both ends know each other and export the same keys", async () => {
  const { port, arrivals } = await serve({ tls: mutualServerTls() });
  const stream = await connectTls({ port, tls: clientTlsAs("client") });
  const served = await arrivals.next();
  const client: TlsInfo = stream.info;
  const server: TlsInfo = served.info;
  expect(client).toMatchObject({
    transport: "tls",
    secure: true,
    local: true,
    identity: "CN=server, O=proj tests",
  });
  expect(server).toMatchObject({ secure: true, identity: "CN=client, O=proj tests" });
  expect(server.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  const keys = [client, server].map(({ exportKey }) => exportKey?.(32, "EXPORTER-xcp-v0.2"));
  expect(keys[0]?.length).toBe(32);
  expect(formatHex(keys[0] ?? new Uint8Array())).toBe(formatHex(keys[1] ?? new Uint8Array(1)));
  expect(client.exportKey?.(32, "another label")).not.toEqual(keys[0]);
  stream.destroy();
  served.destroy();
});

test("a client that presented nothing has no identity", async () => {
  const { port, arrivals } = await serve();
  const stream = await connectTls({ port, tls: clientTls() });
  const served = await arrivals.next();
  expect(served.info).not.toHaveProperty("identity");
  expect(served.info).not.toHaveProperty("fingerprint");
  stream.destroy();
  served.destroy();
});
