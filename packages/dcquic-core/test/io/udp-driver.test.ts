import { createSocket, Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, jest, test } from "@jest/globals";
import { type EngineEvent, formatId, type PathId } from "@proj/dcquic-core";
import { handshakeOverTls, nodeCrypto, UdpDriver } from "@proj/dcquic-core/node";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { helloOf } from "../support/hello.js";
import { duplexPair } from "../support/memory-duplex.js";

const resetSigner = new Uint8Array(32).fill(4);
const drivers: UdpDriver[] = [];

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(drivers.splice(0).map((driver) => driver.close()));
});

async function bind(onEvent: (event: EngineEvent) => void): Promise<UdpDriver> {
  const driver = await UdpDriver.bind({ host: "127.0.0.1", port: 0, resetSigner, onEvent });
  drivers.push(driver);
  return driver;
}

/** A path between two drivers, by a handshake over TLS. */
async function connect(dialer: UdpDriver, listener: UdpDriver): Promise<PathId> {
  const ends = duplexPair();
  const adopt = (driver: UdpDriver, other: UdpDriver, role: "dialer" | "listener") =>
    handshakeOverTls(ends[role === "dialer" ? 0 : 1], {
      role,
      credentials: { kind: "psk", identity: "rack", secret: new Uint8Array(32).fill(1) },
      crypto: nodeCrypto,
      hello: helloOf(role === "dialer" ? 1 : 2),
      knows: () => false,
      resetSigner,
      insert: () => {},
      timeoutMs: 5000,
    }).then(({ path }) => {
      const { host, port } = other.address;
      return driver.engine.addPath(driver.nowUs, path, driver.addressOf(host, port));
    });
  const [path] = await Promise.all([
    adopt(dialer, listener, "dialer"),
    adopt(listener, dialer, "listener"),
  ]);
  return path;
}

test("§3 row 17, UDP, §16.2: transfers of every size cross real sockets, keyed by a TLS handshake", async () => {
  const sizes = [0, 1, 1024, 1025, 70_000, 300_000];
  const received = new Map<number, Uint8Array>();
  const drained = new Set<string>();
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const listener = await bind((event) => {
    if (event.kind === "transferOffered") listener.engine.accept(listener.nowUs, event.transfer);
    if (event.kind === "transferDelivered") {
      received.set(event.bytes.length, event.bytes.slice());
      listener.engine.consume(event.transfer);
    }
    listener.pump();
  });
  const dialer = await bind((event) => {
    if (event.kind !== "transferDrained") return;
    drained.add(formatId(event.transfer));
    if (drained.size === sizes.length) finish();
  });
  const path = await connect(dialer, listener);
  const contents = sizes.map((size) => new SeededRandom(size).fill(new Uint8Array(size)));
  for (const payload of contents) {
    const message = { shape: 0x30, priority: 3, messageSeq: 0, payload };
    expect(dialer.engine.announce(dialer.nowUs, path, message).kind).toBe("announced");
  }
  dialer.pump();
  await finished;
  for (const content of contents) {
    const arrived = received.get(content.length) ?? new Uint8Array(1);
    expect(equalBytes(arrived, content)).toBe(true);
  }
});

test("§7.4: a packet with an unknown credential id is answered with less", async () => {
  const driver = await bind(() => {});
  const stranger = createSocket("udp4");
  const datagram = new Uint8Array(100);
  datagram.set([0xd2, 1, 0, 0]);
  datagram[32] = 44;
  stranger.send(datagram, driver.address.port, "127.0.0.1");
  const [answer] = (await once(stranger, "message")) as [Buffer];
  stranger.close();
  expect(answer).toHaveLength(36);
  expect([...answer.subarray(0, 4)]).toEqual([0xd2, 0x10, 0, 0]);
});

test("the memory of received datagrams goes back when they were read", async () => {
  const driver = await bind(() => {});
  const emit = jest.spyOn(Socket.prototype, "emit");
  const stranger = createSocket("udp4");
  for (let i = 0; i < 64; i++) {
    stranger.send(new Uint8Array(1400), driver.address.port, "127.0.0.1");
  }
  const arrived = () =>
    emit.mock.calls.flatMap(([event, bytes]) => (event === "message" ? [bytes as Buffer] : []));
  await until(() => arrived().length === 64, "datagrams to arrive");
  stranger.close();
  expect(arrived().map(({ length }) => length)).toEqual(Array.from({ length: 64 }, () => 0));
});

test("a port that is taken is refused with a code", async () => {
  const driver = await bind(() => {});
  const again = UdpDriver.bind({ ...driver.address, resetSigner, onEvent: () => {} });
  await expect(again).rejects.toMatchObject({ code: "wire.connection_failed" });
});
