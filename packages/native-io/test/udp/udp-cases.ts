import { afterEach, expect, test } from "@jest/globals";
import {
  type Udp,
  type UdpAddress,
  type UdpOptions,
  UDP_RX_TRUNCATED,
  type UdpSocket,
} from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import { collect, load, pattern, sendAll } from "./exchange.js";
import { ipv6 } from "./ipv6-peer.js";

const loopback = { host: "127.0.0.1", port: 0 };
const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 20), verbose: true };

/** What both backends do. */
export function udpCases(udp: Udp): void {
  const open: UdpSocket[] = [];

  async function socketOf(options: Partial<UdpOptions> = {}): Promise<UdpSocket> {
    const socket = await udp.open({ ports: [loopback], ...options });
    open.push(socket);
    return socket;
  }

  function portOf(socket: UdpSocket, index = 0): UdpAddress {
    const port = socket.ports[index];
    if (port === undefined) throw new Error(`no port ${index}`);
    return port;
  }

  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  test("carries datagrams of every length, with their source", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const index = from.pin(portOf(to));
    const sent = [0, 1, 1399, 1400, 8900, 60_000].map((length) => pattern(length, length));
    const results = await sendAll(
      from,
      sent.map((bytes) => ({ bytes, to: index })),
    );
    expect(results).toEqual(sent.map(() => 0));
    const arrived = await collect(to, sent.length);
    expect(arrived.map(({ bytes }) => bytes)).toEqual(sent);
    expect(arrived.map(({ source }) => source)).toEqual(sent.map(() => portOf(from)));
    expect(from.counters()).toMatchObject({ sentDatagrams: 6, sentBytes: 71_700 });
    expect(to.counters()).toMatchObject({ receivedDatagrams: 6, receivedBytes: 71_700 });
  });

  test("splits a message into datagrams of its segment size", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const index = from.pin(portOf(to));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 1400 }),
        fc.nat(40),
        fc.nat(99),
        async (segment, whole, rest) => {
          const bytes = pattern(segment * whole + rest, segment);
          await sendAll(from, [{ bytes, to: index, segment }]);
          const count = Math.max(1, Math.ceil(bytes.length / segment));
          const arrived = await collect(to, count);
          expect(arrived.map((each) => each.bytes.length)).toEqual(
            Array.from({ length: count }, (_, i) => Math.min(segment, bytes.length - i * segment)),
          );
          expect(Buffer.concat(arrived.map((each) => each.bytes))).toEqual(Buffer.from(bytes));
        },
      ),
      runs,
    );
  });

  test.each([
    { segment: 1, total: 1 },
    { segment: 900, total: 5 },
    { segment: 500, total: 500 },
    { segment: 500, total: 501 },
    // 64 segments, and one more.
    { segment: 1, total: 64 },
    { segment: 1, total: 65 },
    { segment: 100, total: 6400 },
    { segment: 100, total: 6401 },
    { segment: 1024, total: 65_536 },
    { segment: 100, total: 12_801 },
    // What a datagram may have, and one byte more.
    { segment: 65_507, total: 65_507 },
    { segment: 1400, total: 65_507 },
    { segment: 1400, total: 65_508 },
    { segment: 8900, total: 65_508 },
  ])(
    "at the edges of what the kernel takes at once: $total bytes by $segment",
    async ({ segment, total }) => {
      const [from, to] = [await socketOf(), await socketOf({ receiveSlots: 64 })];
      const bytes = pattern(total, segment);
      const results = await sendAll(from, [{ bytes, to: from.pin(portOf(to)), segment }]);
      expect(results).toEqual([0]);
      const count = Math.ceil(total / segment);
      const arrived = await collect(to, count);
      expect(arrived.map((each) => each.bytes.length)).toEqual(
        Array.from({ length: count }, (_, i) => Math.min(segment, total - i * segment)),
      );
      expect(Buffer.concat(arrived.map((each) => each.bytes))).toEqual(Buffer.from(bytes));
      expect(from.counters()).toMatchObject({ sentDatagrams: count, sentBytes: total });
    },
  );

  test("serves many ports with one call", async () => {
    const ports = Array.from({ length: 8 }, () => loopback);
    const [from, to] = [await socketOf({ ports }), await socketOf({ ports })];
    const messages = ports.map((_, i) => ({
      bytes: Uint8Array.of(i),
      to: from.pin(portOf(to, 7 - i)),
      port: i,
    }));
    expect(await sendAll(from, messages)).toEqual(ports.map(() => 0));
    const arrived = await collect(to, ports.length);
    const seen = arrived.map(({ bytes, port, source }) => [bytes[0], port, source] as const);
    seen.sort(([a = 0], [b = 0]) => a - b);
    expect(seen).toEqual(ports.map((_, i) => [i, 7 - i, portOf(from, i)]));
  });

  test("no port starves another that is flooded", async () => {
    const to = await socketOf({ ports: [loopback, loopback], receiveSlots: 4 });
    const from = await socketOf();
    const [flooded, quiet] = [from.pin(portOf(to, 0)), from.pin(portOf(to, 1))];
    const flood = Array.from({ length: 30 }, () => ({ bytes: Uint8Array.of(0), to: flooded }));
    await sendAll(from, [...flood, { bytes: Uint8Array.of(1), to: quiet }]);
    const arrived = await collect(to, 31);
    expect(arrived).toHaveLength(31);
    expect(arrived.filter(({ port }) => port === 1)).toHaveLength(1);
  });

  describeWith("over IPv6", ipv6, () => {
    test("IPv6 ports reach IPv4 peers, and the other way", async () => {
      const six = await socketOf({ ports: [{ host: "::", port: 0 }] });
      const four = await socketOf();
      await sendAll(six, [{ bytes: pattern(10, 1), to: six.pin(portOf(four)) }]);
      const [there] = await collect(four, 1);
      expect(there?.source).toEqual({ host: "127.0.0.1", port: portOf(six).port });
      await sendAll(four, [{ bytes: pattern(10, 2), to: there?.index ?? -1 }]);
      const [back] = await collect(six, 1);
      expect(back?.source).toEqual(portOf(four));
      const other = await socketOf({ ports: [{ host: "::1", port: 0 }] });
      await sendAll(other, [
        { bytes: pattern(10, 3), to: other.pin({ ...portOf(six), host: "::1" }) },
      ]);
      const [own] = await collect(six, 1);
      expect(own?.source).toEqual(portOf(other));
    });
  });

  test("marks a datagram that was longer than its slot", async () => {
    const [from, to] = [await socketOf(), await socketOf({ slotBytes: 100, segmentation: "off" })];
    await sendAll(from, [{ bytes: pattern(150, 1), to: from.pin(portOf(to)) }]);
    const [arrived] = await collect(to, 1);
    expect(arrived).toMatchObject({
      bytes: pattern(150, 1).slice(0, 100),
      flags: UDP_RX_TRUNCATED,
    });
    expect(to.counters().truncatedDatagrams).toBe(1);
  });

  test("refuses a row that cannot go and sends the others", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const good = from.pin(portOf(to));
    const six = from.pin({ host: "::1", port: 9 });
    const one = Uint8Array.of(1);
    load(from, [
      { bytes: one, to: 60_000 },
      { bytes: one, to: good },
      { bytes: one, to: six },
      { bytes: one, to: good, port: 7 },
      { bytes: one, to: good },
    ]);
    from.tx.meta[4 * 8] = from.tx.bytes.length;
    expect(from.transmit(5)).toBe(5);
    const { errno } = constants;
    expect([0, 1, 2, 3, 4].map((row) => from.tx.meta[row * 8 + 6])).toEqual([
      -errno.EDESTADDRREQ,
      0,
      -errno.EAFNOSUPPORT,
      -errno.EINVAL,
      -errno.EINVAL,
    ]);
    expect(await collect(to, 1)).toHaveLength(1);
    expect(from.counters().refusedMessages).toBe(4);
  });

  test("a dead peer stops nobody else's datagrams", async () => {
    const [from, living, dying] = [await socketOf(), await socketOf(), await socketOf()];
    const [alive, dead] = [from.pin(portOf(living)), from.pin(portOf(dying))];
    dying.close();
    for (let i = 0; i < 20; i++) {
      expect(await sendAll(from, [{ bytes: Uint8Array.of(i), to: dead }])).toEqual([0]);
      expect(await sendAll(from, [{ bytes: Uint8Array.of(i), to: alive }])).toEqual([0]);
    }
    const arrived = await collect(living, 20);
    expect(arrived.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test("any row gets a result, and nothing else happens", async () => {
    const [from, to] = [await socketOf({ transmitMessages: 4 }), await socketOf()];
    from.pin(portOf(to));
    const value = fc.oneof(
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 32, maxLength: 32 }), async (rows) => {
        from.tx.meta.set(rows);
        const done = from.transmit(4);
        expect(done).toBeGreaterThanOrEqual(0);
        expect(done).toBeLessThanOrEqual(4);
        for (let row = 0; row < done; row++)
          expect(from.tx.meta[row * 8 + 6]).toBeLessThanOrEqual(0);
        to.receive();
        await Promise.resolve();
      }),
      { ...runs, numRuns: runs.numRuns * 10 },
    );
  });

  test("a pinned address keeps its number while strangers come and go", async () => {
    const to = await socketOf({ addresses: 8, receiveSlots: 2 });
    const friend = to.pin({ host: "10.0.0.1", port: 1 });
    for (let i = 0; i < 20; i++) {
      const from = await udp.open({ ports: [loopback] });
      await sendAll(from, [{ bytes: Uint8Array.of(i), to: from.pin(portOf(to)) }]);
      const [arrived] = await collect(to, 1);
      expect(arrived?.source).toEqual(portOf(from));
      expect(arrived?.index).not.toBe(friend);
      from.close();
    }
    expect(to.addressOf(friend)).toEqual({ host: "10.0.0.1", port: 1 });
    const kept = Array.from({ length: 5 }, (_, i) => to.pin({ host: "10.0.0.2", port: i }));
    expect(new Set([...kept, friend]).size).toBe(6);
    expect(() => to.pin({ host: "10.0.0.3", port: 1 })).toThrow(
      expect.objectContaining({ code: "native_io.no_space" }),
    );
    to.release(friend);
    expect(to.pin({ host: "10.0.0.3", port: 1 })).toBeGreaterThanOrEqual(0);
    expect(to.pinSource(-1)).toBe(false);
    expect(to.addressOf(-1)).toBeUndefined();
  });

  test("calls back while datagrams wait, and not after", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const index = from.pin(portOf(to));
    const called = new Promise<void>((resolve) => to.watch(resolve));
    await sendAll(from, [{ bytes: Uint8Array.of(7), to: index }]);
    await called;
    expect(to.receive()).toBe(1);
    let calls = 0;
    to.watch(() => calls++);
    to.watch(undefined);
    await sendAll(from, [{ bytes: Uint8Array.of(8), to: index }]);
    expect(await collect(to, 1)).toHaveLength(1);
    expect(calls).toBe(0);
  });

  test("a listener may close its socket", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const closed = new Promise<void>((resolve) => {
      to.watch(() => {
        to.close();
        resolve();
      });
    });
    await sendAll(from, [{ bytes: Uint8Array.of(7), to: from.pin(portOf(to)) }]);
    await closed;
    expect(() => to.receive()).toThrow(expect.objectContaining({ code: "native_io.closed" }));
  });

  test("refuses what cannot be opened, and leaves nothing open", async () => {
    const taken = portOf(await socketOf());
    await expect(udp.open({ ports: [loopback, taken] })).rejects.toMatchObject({
      code: "native_io.system",
      details: { errno: "EADDRINUSE" },
    });
    await expect(udp.open({ ports: [] })).rejects.toThrow(RangeError);
    await expect(udp.open({ ports: [{ host: "localhost", port: 0 }] })).rejects.toThrow(TypeError);
    await expect(udp.open({ ports: [{ host: "::1", port: 65_536 }] })).rejects.toThrow(RangeError);
    await expect(udp.open({ ports: [loopback], receiveSlots: 0.5 })).rejects.toThrow(RangeError);
  });

  test("after close every call says so", async () => {
    const socket = await socketOf();
    socket.close();
    socket.close();
    const calls = [
      () => socket.receive(),
      () => socket.transmit(0),
      () => socket.readErrors(),
      () => socket.wait(0),
      () => socket.watch(undefined),
      () => socket.pin(loopback),
      () => socket.pinSource(0),
      () => socket.release(0),
      () => socket.addressOf(0),
      () => socket.pathMtu(0, 0),
      () => socket.counters(),
    ];
    for (const call of calls) {
      expect(call).toThrow(expect.objectContaining({ code: "native_io.closed" }));
    }
  });

  test("reports every option by the same name", async () => {
    const names = (await socketOf()).capabilities.map(({ name }) => name);
    expect(new Set(names)).toEqual(
      new Set([
        ...udp.capabilities().map(({ name }) => name),
        "udp.receive_buffer",
        "udp.send_buffer",
      ]),
    );
    for (const { available, cost } of udp.capabilities())
      expect(cost === undefined).toBe(available);
  });

  test("opens and closes without leaking", async () => {
    const rounds = Number(process.env["LEAK_RUNS"] ?? 300);
    const files = openFiles();
    for (let i = 0; i < rounds; i++) {
      const options = { receiveSlots: 1, slotBytes: 64, transmitBytes: 64, addresses: 8 };
      const socket = await udp.open({ ports: [loopback, loopback], ...options });
      socket.receive();
      socket.watch(() => undefined);
      socket.close();
    }
    // The event loop closes what it watched.
    await setImmediate();
    expect(openFiles()).toBe(files);
    const socket = await socketOf();
    expect(socket.receive()).toBe(0);
  });
}

// How many files this process holds; 0 where the system does not tell.
function openFiles(): number {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
}
