import { afterEach, describe, expect, test } from "@jest/globals";
import { CodecId, SeededRandom } from "@proj/wire-types";
import type { MessageHandler, XcpClient } from "@proj/xcp-framing";
import {
  connectXcp,
  type ConnectXcpOptions,
  type RunningServer,
  serveXcp,
  type ServeXcpOptions,
} from "@proj/xcp-framing/node";
import { clientTls, clientTlsAs, mutualServerTls, serverTls } from "../support/certificates.js";
import { failure } from "../support/failure.js";
import { freshSocketPath } from "../support/pairs.js";

const echo: MessageHandler = ({ bodyCodec, body }) => ({ bodyCodec, body });

let running: RunningServer | undefined;
let client: XcpClient | undefined;

afterEach(async () => {
  await client?.close();
  await running?.close();
  client = undefined;
  running = undefined;
});

async function serve(options: Partial<ServeXcpOptions> & Pick<ServeXcpOptions, "listen">) {
  running = await serveXcp({ handler: echo, ...options });
  return running;
}

async function connect(url: string | undefined, options: ConnectXcpOptions = {}) {
  if (url === undefined) throw new TypeError("no URL");
  client = await connectXcp(url, options);
  return client;
}

const noise = new SeededRandom(1).fill(new Uint8Array(3_000_000));

async function exchange(over: XcpClient, bytes: number): Promise<void> {
  const body = noise.subarray(0, bytes);
  const reply = await over.request({ bodyCodec: CodecId.PROTOBUF, body }, { idempotent: true });
  expect(Buffer.compare(reply.body, body)).toBe(0);
}

const sizes = [0, 1, 1024, 100_000, 1_048_576, 3_000_000];

describe("one URL for client and server", () => {
  const tls = serverTls();
  const ways: readonly (readonly [string, string, ConnectXcpOptions])[] = [
    ["TCP", "xcp://127.0.0.1:0", {}],
    ["TCP over IPv6", "xcp://[::1]:0", {}],
    ["TLS", "xcps://localhost:0", { tls: clientTls() }],
    ["WebSocket", "ws://127.0.0.1:0/some/path", {}],
    ["WebSocket over TLS", "wss://localhost:0", { tls: clientTls() }],
    ["HTTP/2", "h2c://127.0.0.1:0", {}],
    ["HTTP/2 over TLS", "h2://localhost:0", { tls: clientTls() }],
    ["HTTP/2, a stream for each channel", "h2c://127.0.0.1:0", { http2Channels: "stream each" }],
  ];
  test.each(ways)("%s", async (_name, url, options) => {
    const { urls } = await serve({ listen: [url], tls });
    // The certificate is for localhost, the listener says 127.0.0.1 or ::1: both are in it.
    const over = await connect(urls[0], options);
    for (const size of sizes) await exchange(over, size);
    await Promise.all([10, 200_000, 2_000_000].map((size) => exchange(over, size)));
    expect(await over.ping()).toBeGreaterThan(0);
  });

  test("Unix socket", async () => {
    const { path, remove } = freshSocketPath();
    await serve({ listen: [`unix:${path}`] });
    const over = await connect(`unix:${path}`);
    for (const size of sizes) await exchange(over, size);
    remove();
  });
});

test("channels of the many-stream form do not mix", async () => {
  const { urls } = await serve({ listen: ["h2c://127.0.0.1:0"] });
  const over = await connect(urls[0], { http2Channels: "stream each" });
  const connection = await over.connect();
  const channels = Array.from({ length: 20 }, () => connection.openChannel());
  const replies = await Promise.all(
    channels.map((channelId) =>
      connection.request({
        bodyCodec: CodecId.PROTOBUF,
        body: new Uint8Array(200_000).fill(channelId),
        channelId,
      }),
    ),
  );
  expect(replies.map(({ channelId }) => channelId)).toEqual(channels);
  expect(replies.map(({ body }) => body[199_999])).toEqual(channels);
});

test("several listeners share one server", async () => {
  const { urls, server } = await serve({
    listen: ["xcp://127.0.0.1:0", "ws://127.0.0.1:0/xcp", "h2c://127.0.0.1:0"],
  });
  const clients = await Promise.all(urls.map((url) => connectXcp(url)));
  await Promise.all(clients.map((over) => exchange(over, 1000)));
  expect(server.connections.size).toBe(3);
  await Promise.all(clients.map((over) => over.close()));
});

test("serving is all or nothing", async () => {
  const { urls } = await serve({ listen: ["xcp://127.0.0.1:0"] });
  const [taken = ""] = urls;
  const { path, remove } = freshSocketPath();
  const error = await failure(serveXcp({ listen: [`unix:${path}`, taken], handler: echo }));
  expect(error.code).toBe("wire.connection_failed");
  expect(error.details["code"]).toBe("EADDRINUSE");
  // The first listener was let go: its address is free.
  await (await serveXcp({ listen: [`unix:${path}`] })).close();
  remove();
});

test("closing finishes what is under way and frees the addresses", async () => {
  let finish: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let release: () => void = () => undefined;
  const slow: MessageHandler = async ({ bodyCodec }) => {
    finish();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return { bodyCodec, body: Uint8Array.of(7) };
  };
  const { urls, close } = await serve({ listen: ["xcp://127.0.0.1:0"], handler: slow });
  const over = await connect(urls[0], { reconnect: "never" });
  const reply = over.request({ bodyCodec: CodecId.PROTOBUF, body: Uint8Array.of(1) });
  await begun;
  const closed = close();
  release();
  expect((await reply).body).toEqual(Uint8Array.of(7));
  await closed;
  running = undefined;
  expect((await failure(connectXcp(urls[0] ?? ""))).code).toBe("wire.connection_failed");
});

test("a client comes back when its server does", async () => {
  const { path, remove } = freshSocketPath();
  const listen = [`unix:${path}`];
  const first = await serveXcp({ listen, handler: echo });
  const over = await connect(listen[0], { reconnect: { baseMs: 1, capMs: 5 } });
  await exchange(over, 10);
  const before = await over.connect();
  first.server.destroy();
  await first.close();
  // A message that leaves before the client notices is not repeated on its own: the new server does not know the session.
  await before.closed;
  await serve({ listen });
  await exchange(over, 20);
  await over.close();
  remove();
});

describe("keys from TLS", () => {
  test("both ends derive the keys of CRYPT from the exporter", async () => {
    const crypt = { key: "tls", cryptPolicy: "required" } as const;
    const { urls } = await serve({ listen: ["xcps://localhost:0"], tls: serverTls(), ...crypt });
    const over = await connect(urls[0], { tls: clientTls(), ...crypt });
    for (const size of [1, 2_000_000]) await exchange(over, size);
  });

  test("a connection over TLS is replaced before its keys are too old", async () => {
    const { urls } = await serve({ listen: ["xcps://localhost:0"], tls: serverTls() });
    const states: string[] = [];
    const over = await connect(urls[0], {
      tls: clientTls(),
      rotation: { maxAgeMs: 50 },
      onState: ({ kind }) => states.push(kind),
    });
    const before = await over.connect();
    await before.closed;
    await exchange(over, 1000);
    expect(states.filter((kind) => kind === "connected").length).toBeGreaterThanOrEqual(2);
  });
});

describe("mTLS", () => {
  test("admits a client that the authority signed, by name", async () => {
    const identities: (string | undefined)[] = [];
    const { urls } = await serve({
      listen: ["xcps://localhost:0", "wss://localhost:0", "h2://localhost:0"],
      tls: mutualServerTls(),
      onConnection: ({ info }) => identities.push(info.identity),
    });
    for (const url of urls) {
      const over = await connectXcp(url, { tls: clientTlsAs("client") });
      await exchange(over, 100);
      await over.close();
    }
    expect(identities).toEqual(Array.from({ length: 3 }, () => "CN=client, O=proj tests"));
  });

  test.each([
    ["without a certificate", clientTls(), "xcp.auth_required"],
    ["with a stranger's certificate", clientTlsAs("intruder"), undefined],
  ] as const)("refuses a client %s", async (_name, tls, code) => {
    const refusals: string[] = [];
    const { urls } = await serve({
      listen: ["xcps://localhost:0"],
      tls: mutualServerTls(),
      onRefused: (error) => refusals.push(error.code),
    });
    const error = await failure(connectXcp(urls[0] ?? "", { tls }));
    if (code !== undefined) expect(error.code).toBe(code);
    expect(refusals).toEqual([code ?? "xcp.auth_failed"]);
  });
});

describe("URLs", () => {
  test.each([
    ["not a URL at all", "not a URL"],
    ["http://127.0.0.1:1", "scheme http:"],
    ["xcp://", "not a URL|no host"],
    ["unix:", "no path"],
    ["ws://127.0.0.1:1/x#y", "fragment"],
  ])("%s is refused", async (url, text) => {
    const error = await failure(connectXcp(url));
    expect(error.code).toBe("wire.invalid_uri");
    expect(error.message).toMatch(new RegExp(text));
  });

  test("a scheme with TLS needs a certificate", async () => {
    await expect(serveXcp({ listen: ["xcps://127.0.0.1:0"] })).rejects.toThrow(
      /xcps:\/\/127\.0\.0\.1:0 needs a certificate/,
    );
  });

  test.each(["xcp://192.0.2.1", "ws://192.0.2.1", "h2c://192.0.2.1", "xcp://example.com"])(
    "%s is refused without allowInsecure",
    async (url) => {
      const connecting = await failure(connectXcp(url));
      expect(connecting.code).toBe("xcp.crypt_required");
      expect(connecting.message).toMatch(/use TLS, or set allowInsecure/);
      const listening = await failure(serveXcp({ listen: [url] }));
      expect(listening.code).toBe("xcp.crypt_required");
    },
  );
});
