import { afterEach, expect, test } from "@jest/globals";
import { connectFirst } from "#src/io/pool/connect-first.js";
import { answeredHosts, handshakeAddresses } from "#src/io/pool/handshake-addresses.js";
import type { Hello } from "#src/path/hello.js";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(host: string): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  server.listen({ host, port: 0 });
  await once(server, "listening");
  return { host, port: (server.address() as AddressInfo).port };
}

/** An address where nobody listens. */
async function closedPort(): Promise<{ host: string; port: number }> {
  const at = await listening("127.0.0.1");
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return at;
}

const open = { timeoutMs: 5000, signal: new AbortController().signal };

test("§18: the first address that answers is taken, and those before it that refuse are passed over", async () => {
  const [closed, one, other] = [
    await closedPort(),
    await listening("127.0.0.1"),
    await listening("127.0.0.1"),
  ];
  for (const [addresses, port] of [
    [[one, other], one.port],
    [[closed, other], other.port],
    [[closed, closed, one], one.port],
  ] as const) {
    const socket = await connectFirst(addresses, open);
    expect(socket.remotePort).toBe(port);
    socket.destroy();
  }
});

test("where none answers, it is told what happened at the first", async () => {
  const [first, second] = [await closedPort(), await closedPort()];
  const failed: unknown = await connectFirst([first, second], open).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ code: "dcquic.handshake_failed" });
  expect(String(failed)).toMatch(`no connection to 127.0.0.1:${first.port}: `);
});

test("an end that was asked for ends all attempts, also before they begin", async () => {
  const ended = AbortSignal.abort(new Error("the pool is closed"));
  const at = await listening("127.0.0.1");
  await expect(connectFirst([at], { ...open, signal: ended })).rejects.toThrow(
    "the pool is closed",
  );
  const stop = new AbortController();
  const attempt = connectFirst([at], { ...open, signal: stop.signal });
  stop.abort(new Error("the pool is closed"));
  await expect(attempt).rejects.toMatchObject({ code: "dcquic.handshake_failed" });
});

test("§7.2: handshakes are asked for where the name says, then at the peer's other addresses", () => {
  const endpoint = (worker: number, host: string, port: number) => ({
    worker,
    host,
    ports: [port],
  });
  const hello = {
    endpoints: [
      endpoint(1, "10.0.1.1", 4601),
      endpoint(0, "10.0.0.1", 4600),
      endpoint(2, "10.0.1.1", 4602),
      endpoint(3, "0.0.0.0", 4603),
    ],
  } as unknown as Hello;
  expect(handshakeAddresses("10.0.0.1:4600", undefined)).toEqual([
    { host: "10.0.0.1", port: 4600 },
  ]);
  expect(handshakeAddresses("10.0.0.1:4600", hello)).toEqual([
    { host: "10.0.0.1", port: 4600 },
    { host: "10.0.1.1", port: 4600 },
  ]);
  // By another name for the host, as behind a proxy.
  expect(handshakeAddresses("node.example:9", hello)).toEqual([
    { host: "node.example", port: 9 },
    { host: "10.0.0.1", port: 4600 },
    { host: "10.0.1.1", port: 4600 },
  ]);
});

test("handshakes are answered at every address once, and at all of them by who listens on all", () => {
  const at = (...hosts: readonly string[]) => answeredHosts(hosts.map((host) => ({ host })));
  expect(at("10.0.0.1", "10.0.1.1", "10.0.0.1")).toEqual(["10.0.0.1", "10.0.1.1"]);
  expect(at("10.0.0.1", "0.0.0.0")).toEqual(["0.0.0.0"]);
});
