import { afterEach, expect, test } from "@jest/globals";
import {
  AEAD_ROW,
  UDP_ROW,
  type UdpAddress,
  UdpErrorOrigin,
  UdpErrorRow,
  type UdpOptions,
  UdpReady,
  type UdpSocket,
} from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { native } from "../native-peer.js";
import { collect, load, pattern, rxColumn, sendAll } from "./exchange.js";
import { ipv6 } from "./ipv6-peer.js";

const loopback = { host: "127.0.0.1", port: 0 };
const loopback6 = { host: "::1", port: 0 };

// The cases of both backends say where IPv6 is missing.
const families = [
  { family: "IPv4", at: loopback, origin: UdpErrorOrigin.icmp },
  ...("found" in ipv6 ? [{ family: "IPv6", at: loopback6, origin: UdpErrorOrigin.icmp6 }] : []),
];

describeWith("native UDP beyond its portable twin", native, ({ udp, crypto }) => {
  const open: UdpSocket[] = [];

  async function socketOf(options: Partial<UdpOptions> = {}): Promise<UdpSocket> {
    const socket = await udp.open({ ports: [loopback], ...options });
    open.push(socket);
    return socket;
  }

  function portOf(socket: UdpSocket): UdpAddress {
    return socket.ports[0] ?? loopback;
  }

  async function deadAddress(at = loopback): Promise<UdpAddress> {
    const socket = await udp.open({ ports: [at] });
    const address = portOf(socket);
    socket.close();
    return address;
  }

  function errorColumn(socket: UdpSocket, row: number, name: keyof typeof UdpErrorRow): number {
    return socket.errors.meta[row * UDP_ROW + UdpErrorRow[name]] ?? -1;
  }

  afterEach(() => {
    for (const socket of open.splice(0)) socket.close();
  });

  test.each(families)("ICMP stops nobody else's datagrams: $family", async ({ at, origin }) => {
    const from = await socketOf({ ports: [at] });
    const living = await socketOf({ ports: [at] });
    const dead = from.pin(await deadAddress(at));
    const alive = from.pin(portOf(living));
    // Every other datagram provokes an ICMP message, which arrives before the next is sent.
    const messages = Array.from({ length: 64 }, (_unused, i) => ({
      bytes: pattern(200, i),
      to: i % 2 === 0 ? dead : alive,
    }));
    expect(await sendAll(from, messages)).toEqual(messages.map(() => 0));
    const arrived = await collect(living, 32);
    expect(arrived.map(({ bytes }) => bytes)).toEqual(
      messages.filter(({ to }) => to === alive).map(({ bytes }) => bytes),
    );
    // Receiving is told of them, too, and goes on.
    expect(from.receive()).toBe(0);
    expect(from.wait(0) & UdpReady.errors).toBe(UdpReady.errors);
    let errors = 0;
    for (let read = from.readErrors(); read > 0; read = from.readErrors()) {
      for (let row = 0; row < read; row++) {
        expect(errorColumn(from, row, "errno")).toBe(constants.errno.ECONNREFUSED);
        expect(errorColumn(from, row, "origin")).toBe(origin);
        expect(errorColumn(from, row, "destination")).toBe(dead);
        expect(errorColumn(from, row, "quoted")).toBe(128);
        expect(from.errors.bytes.slice(row * 128, row * 128 + 128)).toEqual(
          pattern(200, 2 * errors).slice(0, 128),
        );
        errors++;
      }
    }
    expect(errors).toBe(32);
    expect(from.wait(0)).toBe(0);
  });

  test("one datagram a call to a dead peer, and one to a living: none is refused", async () => {
    const [from, living] = [await socketOf(), await socketOf()];
    const [dead, alive] = [from.pin(await deadAddress()), from.pin(portOf(living))];
    for (let i = 0; i < 200; i++) {
      load(from, [{ bytes: Uint8Array.of(i), to: i % 2 === 0 ? dead : alive }]);
      expect(from.transmit(1)).toBe(1);
      expect(from.tx.meta[6]).toBe(0);
    }
    expect(await collect(living, 100)).toHaveLength(100);
    expect(from.counters()).toMatchObject({ refusedMessages: 0, sentDatagrams: 200 });
  });

  test("one message carries many datagrams in both directions", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const names = from.capabilities.filter(({ available }) => available).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["udp.gso", "udp.gro", "udp.errors"]));
    const bytes = pattern(46 * 1400 - 300, 5);
    await sendAll(from, [{ bytes, to: from.pin(portOf(to)), segment: 1400 }]);
    while (to.wait(100_000) === 0);
    expect(to.receive()).toBe(1);
    expect(rxColumn(to, 0, "length")).toBe(bytes.length);
    expect(rxColumn(to, 0, "segment")).toBe(1400);
    expect(to.rx.bytes.slice(0, bytes.length)).toEqual(bytes);
    expect(to.counters()).toMatchObject({ receivedDatagrams: 46 });
    expect(from.counters()).toMatchObject({ sentDatagrams: 46, segmentationDisabled: 0 });
  });

  test("a message of more segments than the kernel takes leaves in pieces", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const bytes = pattern(300 * 100, 5);
    const results = await sendAll(from, [{ bytes, to: from.pin(portOf(to)), segment: 100 }]);
    expect(results).toEqual([0]);
    const arrived = await collect(to, 300);
    expect(Buffer.concat(arrived.map((each) => each.bytes))).toEqual(Buffer.from(bytes));
  });

  test("without segmentation a full socket keeps the rest of a message", async () => {
    const from = await socketOf({ segmentation: "off", sendBufferBytes: 4096 });
    const to = await socketOf();
    const bytes = pattern(1000 * 64, 9);
    expect(await sendAll(from, [{ bytes, to: from.pin(portOf(to)), segment: 1000 }])).toEqual([0]);
    const arrived = await collect(to, 64);
    expect(Buffer.concat(arrived.map((each) => each.bytes))).toEqual(Buffer.from(bytes));
    expect(from.counters()).toMatchObject({ sentDatagrams: 64, sentBytes: 64_000 });
  });

  test.each(families)("ECN bits travel with single and split messages: $family", async ({ at }) => {
    const [from, to] = [await socketOf({ ports: [at] }), await socketOf({ ports: [at] })];
    const index = from.pin(portOf(to));
    const messages = [0, 1, 2, 3].map((ecn) => ({
      bytes: pattern(900, ecn),
      to: index,
      ecn,
      segment: 300,
    }));
    await sendAll(from, messages);
    const arrived = await collect(to, 12);
    expect(arrived.map(({ ecn }) => ecn)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  describeWith("over IPv6", ipv6, () => {
    test("ECN bits cross from an IPv6 socket to an IPv4 one", async () => {
      const [from, to] = [await socketOf({ ports: [{ host: "::", port: 0 }] }), await socketOf()];
      await sendAll(from, [{ bytes: pattern(9, 1), to: from.pin(portOf(to)), ecn: 2 }]);
      const [arrived] = await collect(to, 1);
      expect(arrived?.ecn).toBe(2);
      await sendAll(to, [{ bytes: pattern(9, 1), to: arrived?.index ?? -1, ecn: 3 }]);
      expect((await collect(from, 1))[0]?.ecn).toBe(3);
    });
  });

  test("ECN can be left off", async () => {
    const [from, to] = [await socketOf({ ecn: "off" }), await socketOf()];
    await sendAll(from, [{ bytes: pattern(9, 1), to: from.pin(portOf(to)), ecn: 2 }]);
    expect((await collect(to, 1))[0]?.ecn).toBe(0);
  });

  test("a datagram larger than its path is refused, not split, and others go on", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const index = from.pin(portOf(to));
    // Loopback takes whatever fits an IP packet.
    const messages = [
      { bytes: new Uint8Array(65_508), to: index },
      { bytes: pattern(1400, 2), to: index },
    ];
    expect(await sendAll(from, messages)).toEqual([-constants.errno.EMSGSIZE, 0]);
    expect(await collect(to, 1)).toHaveLength(1);
    expect(from.pathMtu(index, 0)).toBeGreaterThan(65_000);
    expect(from.pathMtu(60_000, 0)).toBeUndefined();
  });

  test("loss in the kernel's buffer is counted", async () => {
    const [from, to] = [await socketOf(), await socketOf({ receiveBufferBytes: 2304 })];
    const index = from.pin(portOf(to));
    const burst = Array.from({ length: 60 }, () => ({ bytes: new Uint8Array(1000), to: index }));
    await sendAll(from, burst);
    const before = (await collect(to, 60)).length;
    expect(before).toBeLessThan(60);
    // The kernel reports its count with the next datagram.
    await sendAll(from, [{ bytes: Uint8Array.of(1), to: index }]);
    await collect(to, 1);
    expect(to.counters().droppedDatagrams).toBe(60 - before);
  });

  test("waits until a datagram arrives, or the time is over", async () => {
    const [from, to] = [await socketOf(), await socketOf()];
    const begun = performance.now();
    expect(to.wait(20_000)).toBe(0);
    expect(performance.now() - begun).toBeGreaterThan(19);
    await sendAll(from, [{ bytes: Uint8Array.of(1), to: from.pin(portOf(to)) }]);
    expect(to.wait(1_000_000)).toBe(UdpReady.datagrams);
    expect(() => to.wait(1_000_001)).toThrow(expect.objectContaining({ name: "RangeError" }));
  });

  test("busy polling is reported as the kernel answers", async () => {
    const socket = await socketOf({ busyPollUs: 50 });
    const report = socket.capabilities.find(({ name }) => name === "udp.busy_poll");
    expect(report?.available === true || report?.reason.startsWith("refused: ")).toBe(true);
  });

  test("shared ports spread sources over two sockets", async () => {
    const one = await socketOf({ sharePorts: true });
    const two = await socketOf({ ports: [portOf(one)], sharePorts: true });
    const senders = await Promise.all(
      Array.from({ length: 40 }, () => socketOf({ transmitBytes: 64 })),
    );
    for (const from of senders) {
      await sendAll(from, [{ bytes: Uint8Array.of(1), to: from.pin(portOf(one)) }]);
    }
    await setImmediate();
    const [first, second] = [one.receive(), two.receive()];
    expect(first + second).toBe(40);
    expect(Math.min(first, second)).toBeGreaterThan(0);
  });

  test("more sockets than there are fast doors work alike", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 70 }, () =>
        socketOf({ receiveSlots: 1, slotBytes: 64, transmitBytes: 64, addresses: 8 }),
      ),
    );
    for (const [i, from] of sockets.entries()) {
      const to = sockets[(i + 1) % sockets.length] ?? from;
      load(from, [{ bytes: Uint8Array.of(i), to: from.pin(portOf(to)) }]);
      expect(from.transmit(1)).toBe(1);
    }
    for (const [i, to] of sockets.entries()) {
      const [arrived] = await collect(to, 1);
      expect(arrived?.bytes[0]).toBe((i + 69) % 70);
    }
  });

  test("a thread that scribbles over the rows breaks nothing", async () => {
    const from = await socketOf({ transmitBytes: 4096, transmitMessages: 12 });
    const ring = crypto.createKeyRing(8);
    ring.setKey(3, "aes-256-gcm", new Uint8Array(32), new Uint8Array(12));
    const meta = from.tx.meta;
    const packets = Math.floor(meta.length / AEAD_ROW);
    const { port } = await deadAddress();
    for (let i = 0; i < 1024; i++) from.pin({ host: `127.9.${i >> 8}.${i & 0xff}`, port });
    const stop = new SharedArrayBuffer(4);
    const worker = new Worker(new URL("./scribbler.js", import.meta.url), {
      workerData: { rows: from.tx.meta.buffer, stop },
    });
    await new Promise((resolve) => worker.once("message", resolve));
    for (let round = 0; round < 3000; round++) {
      expect(from.transmit(8)).toBeLessThanOrEqual(8);
      ring.seal({ wire: from.tx.bytes, plain: from.tx.bytes, meta }, packets);
      ring.open({ wire: from.tx.bytes, plain: from.tx.bytes, meta }, packets);
      from.readErrors();
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    await new Promise((resolve) => worker.once("exit", resolve));
    ring.close();
  });

  // The other thread is in the middle of what it does when it is ended.
  test.each(["wait", "spin", "watch", "transmit", "seal"])(
    "a worker is ended at: %s",
    async (how) => {
      const worker = new Worker(new URL("./udp-worker.js", import.meta.url), { workerData: how });
      const port = await new Promise<number>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      expect(await worker.terminate()).toBe(1);
      // Its port is free again: nothing of it was left behind.
      const socket = await socketOf({ ports: [{ host: "127.0.0.1", port }] });
      expect(portOf(socket).port).toBe(port);
    },
  );
});
