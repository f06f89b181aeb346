import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import {
  type HandshakeCredentials,
  handshakeOverTls,
  nodeCrypto,
  type TlsHandshakeOptions,
  type TlsHandshakeResult,
} from "@proj/dcquic-core/node";
import { helloOf } from "../support/hello.js";
import { duplexPair } from "../support/memory-duplex.js";

const folder = new URL("../../test/fixtures/tls/", import.meta.url);
const pem = (name: string): string => readFileSync(new URL(`${name}.pem`, folder), "utf8");

function certificate(name: string): HandshakeCredentials {
  return {
    kind: "certificate",
    key: pem(`${name}.key`),
    cert: pem(`${name}.cert`),
    ca: pem("authority.cert"),
    serverName: "localhost",
  };
}

function psk(fill: number): HandshakeCredentials {
  return { kind: "psk", identity: "rack-7", secret: new Uint8Array(32).fill(fill) };
}

function options(
  role: "dialer" | "listener",
  credentials: HandshakeCredentials,
): TlsHandshakeOptions {
  return {
    role,
    credentials,
    crypto: nodeCrypto,
    hello: helloOf(role === "dialer" ? 1 : 2),
    knows: () => false,
    resetSigner: new Uint8Array(32).fill(4),
    insert: () => {},
    timeoutMs: 5000,
  };
}

function handshake(
  dialer: HandshakeCredentials,
  listener: HandshakeCredentials,
): Promise<readonly PromiseSettledResult<TlsHandshakeResult>[]> {
  const [a, b] = duplexPair();
  return Promise.allSettled([
    handshakeOverTls(a, options("dialer", dialer)),
    handshakeOverTls(b, options("listener", listener)),
  ]);
}

function pathsOf(
  results: readonly PromiseSettledResult<TlsHandshakeResult>[],
): TlsHandshakeResult[] {
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

test("§7.2: certificates on both sides make a path", async () => {
  const [dialer, listener] = pathsOf(await handshake(certificate("client"), certificate("server")));
  expect(dialer?.path.pathSecret).toEqual(listener?.path.pathSecret);
  expect(dialer?.identity).toContain("CN=");
});

test("§7.2: a pre-shared key makes a fresh path each time", async () => {
  const [one, same] = pathsOf(await handshake(psk(1), psk(1)));
  const [other] = pathsOf(await handshake(psk(1), psk(1)));
  expect(one?.path.pathSecret).toEqual(same?.path.pathSecret);
  expect(one?.identity).toBe("rack-7");
  expect(other?.path.pathSecret).not.toEqual(one?.path.pathSecret);
});

test("§7.2: who cannot prove itself gets no path, on either side", async () => {
  for (const [dialer, listener] of [
    [psk(1), psk(2)],
    [certificate("intruder"), certificate("server")],
  ] as const) {
    const results = await handshake(dialer, listener);
    expect(results[1]).toMatchObject({
      status: "rejected",
      reason: { code: "dcquic.handshake_failed" },
    });
    expect(results[0]?.status).toBe("rejected");
  }
});

test("a silent peer is given up", async () => {
  const [a] = duplexPair();
  const dialer = handshakeOverTls(a, { ...options("dialer", psk(1)), timeoutMs: 20 });
  await expect(dialer).rejects.toMatchObject({ code: "dcquic.handshake_failed" });
});

test("a short pre-shared key is refused", async () => {
  const [a] = duplexPair();
  const short = { kind: "psk", identity: "x", secret: new Uint8Array(16) } as const;
  await expect(handshakeOverTls(a, options("dialer", short))).rejects.toThrow(RangeError);
});
