import { expect, test } from "@jest/globals";
import {
  type Udp,
  UDP_ROW,
  UdpErrorOrigin,
  UdpErrorRow,
  UdpRx,
  type UdpSlab,
  type UdpSocket,
  UdpTx,
} from "@proj/native-io";
import type { DatagramBatch, Engine } from "@proj/dcquic-core";
import { constants } from "node:os";
import { NativeWire } from "#src/io/native/native-wire.js";
import { PacketType } from "#src/wire/constants.js";

const ROWS = 1024;
const PORTS = 4;
const ICMP_UNREACHABLE = 3;

/** One datagram for the engine to send. */
interface Outgoing {
  readonly bytes: number;
  readonly to: number;
  readonly type?: number;
  readonly isAlone?: boolean;
}

/** A socket that keeps what it is given, and brings what a test puts in. */
function bench() {
  const slab = (bytes: number): UdpSlab => ({
    bytes: new Uint8Array(bytes),
    meta: new Int32Array(ROWS * UDP_ROW),
  });
  const [rx, tx, errors] = [slab(65_536), slab(256 * 8900), slab(0)];
  const messages: { length: number; segment: number; to: number; port: number; ecn: number }[] = [];
  const waiting = { received: 0, errors: 0 };
  const take = (from: "received" | "errors"): number => {
    const count = waiting[from];
    waiting[from] = 0;
    return count;
  };
  const socket: Partial<UdpSocket> = {
    ports: Array.from({ length: PORTS }, (_, i) => ({ host: "127.0.0.1", port: 4000 + i })),
    rx,
    tx,
    errors,
    receive: () => take("received"),
    readErrors: () => take("errors"),
    transmit(count) {
      for (let row = 0; row < count * UDP_ROW; row += UDP_ROW) {
        const [length = 0, segment = 0] = [
          tx.meta[row + UdpTx.length],
          tx.meta[row + UdpTx.segment],
        ];
        const [to = 0, port = 0] = [tx.meta[row + UdpTx.destination], tx.meta[row + UdpTx.port]];
        messages.push({ length, segment, to, port, ecn: tx.meta[row + UdpTx.ecn] ?? 0 });
      }
      return count;
    },
  };
  const options: Parameters<Udp["open"]>[0][] = [];
  const udp: Pick<Udp, "open"> = {
    open: (chosen) => {
      options.push(chosen);
      return Promise.resolve(socket as UdpSocket);
    },
  };
  const open = (): Promise<NativeWire> =>
    NativeWire.open(udp as Udp, {
      ports: [{ host: "127.0.0.1", port: 4000 }],
      flowBytesPerSecond: 1e6,
    });
  return { open, rx, tx, errors, messages, waiting, options };
}

/** An engine that sends these datagrams once. */
function sending(datagrams: readonly Outgoing[]): Engine {
  const left = [...datagrams];
  const engine: Partial<Engine> = {
    transmit(_nowUs: number, into: DatagramBatch): number {
      const count = left.length;
      for (const { bytes, to, type = PacketType.Data, isAlone = false } of left.splice(0)) {
        const datagram = new Uint8Array(bytes);
        datagram[1] = type;
        into.add(datagram, to, 2);
        if (isAlone) into.leaveAlone();
      }
      return count;
    },
  };
  return engine as Engine;
}

test("§3 row 17, UDP, §16.1: datagrams of one length to one peer leave as one message, the last may be shorter", async () => {
  const { open, messages } = bench();
  const alike = [1400, 1400, 1400, 900].map((bytes) => ({ bytes, to: 1 }));
  const wire = await open();
  wire.transmit(0, sending([...alike, { bytes: 1400, to: 1 }, { bytes: 1400, to: 2 }]), () => {});
  expect(messages.map(({ length, segment, to }) => [length, segment, to])).toEqual([
    [5100, 1400, 1],
    [1400, 0, 1],
    [1400, 0, 2],
  ]);
  expect(messages.every(({ ecn }) => ecn === 2)).toBe(true);
});

test("§16.1: datagrams that were described together leave in messages of what the kernel takes, with what goes on behind them", async () => {
  const { open, messages } = bench();
  const wire = await open();
  const engine: Partial<Engine> = {
    transmit(_nowUs: number, into: DatagramBatch): number {
      for (const [bytes, count] of [
        [8900, 16],
        [8900, 1],
        [500, 1],
        [500, 70],
      ] as const) {
        for (let i = 0; i < count; i++)
          into.bytes[into.usedBytes + i * bytes + 1] = PacketType.Data;
        into.append(bytes, 1, 0, count);
      }
      return into.count;
    },
  };
  expect(wire.transmit(0, engine as Engine, () => {})).toBe(88);
  expect(messages.map(({ length, segment }) => [length, segment])).toEqual([
    [7 * 8900, 8900],
    [7 * 8900, 8900],
    [3 * 8900 + 500, 8900],
    [64 * 500, 500],
    [6 * 500, 500],
  ]);
});

test("§17.7: a probe that may be refused takes nothing else with it, and its size is told", async () => {
  const { open, messages } = bench();
  const wire = await open();
  const control = { to: 1, type: PacketType.Control };
  const probe = { ...control, bytes: 8900, isAlone: true };
  const small = { ...control, bytes: 100 };
  wire.transmit(0, sending([small, small, probe, small, small]), () => {});
  expect(messages.map(({ length, segment }) => [length, segment])).toEqual([
    [200, 100],
    [8900, 0],
    [200, 100],
  ]);
});

test("§16.1: datagrams with room between them are no message", async () => {
  const { open, messages } = bench();
  const wire = await open();
  const engine: Partial<Engine> = {
    transmit(_nowUs: number, into: DatagramBatch): number {
      for (const bytes of [1001, 1001]) {
        into.align();
        into.append(bytes, 1, 0);
      }
      return 2;
    },
  };
  wire.transmit(0, engine as Engine, () => {});
  expect(messages.map(({ length, segment }) => [length, segment])).toEqual([
    [1001, 0],
    [1001, 0],
  ]);
});

test("§14: what cannot leave is told with its size", async () => {
  const { open, tx } = bench();
  const wire = await open();
  const told: unknown[] = [];
  const refusing = (row: number): void => {
    tx.meta[row * UDP_ROW + UdpTx.result] = -constants.errno.EMSGSIZE;
  };
  refusing(0);
  refusing(1);
  const sizes = [1400, 1400, 900].map((bytes) => ({ bytes, to: 3 }));
  wire.transmit(0, sending([...sizes, { bytes: 8900, to: 4 }]), (failure) => told.push(failure));
  const { EMSGSIZE } = constants.errno;
  expect(told).toEqual([
    { errno: EMSGSIZE, bytes: 1400, address: 3 },
    { errno: EMSGSIZE, bytes: 8900, address: 4 },
  ]);
});

test("§3 row 17, UDP, §16.1: a message holds at most 64 segments and 65,000 bytes", async () => {
  const { open, messages } = bench();
  const wire = await open();
  wire.transmit(0, sending(Array.from({ length: 100 }, () => ({ bytes: 100, to: 1 }))), () => {});
  wire.transmit(0, sending(Array.from({ length: 20 }, () => ({ bytes: 8900, to: 1 }))), () => {});
  expect(messages.map(({ length, segment }) => length / segment)).toEqual([64, 36, 7, 7, 6]);
});

test("§3 row 17, UDP, §12: DATA is spread over many ports, CONTROL keeps to the first", async () => {
  const { open, messages } = bench();
  const wire = await open();
  for (let i = 0; i < 8; i++) {
    wire.transmit(0, sending([{ bytes: 1400, to: 1 }]), () => {});
    wire.transmit(0, sending([{ bytes: 100, to: 1, type: PacketType.Control }]), () => {});
  }
  const ports = (length: number): number[] =>
    messages.filter((message) => message.length === length).map(({ port }) => port);
  expect(new Set(ports(1400))).toEqual(new Set([0, 1, 2, 3]));
  expect(new Set(ports(100))).toEqual(new Set([0]));
});

test("§3 row 17, UDP, §16.1: what the kernel joined is split again, with its ECN marks", async () => {
  const { open, rx, waiting } = bench();
  const wire = await open();
  rx.meta.set([100], UdpRx.offset);
  rx.meta.set([3500], UdpRx.length);
  rx.meta.set([1400], UdpRx.segment);
  rx.meta.set([3], UdpRx.ecn);
  rx.meta.set([7], UdpRx.source);
  waiting.received = 1;
  const seen: number[][] = [];
  const engine: Partial<Engine> = {
    receive: (_nowUs, batch) => {
      for (let i = 0; i < batch.count; i++) {
        seen.push([batch.offset(i), batch.length(i), batch.ecn(i), batch.address(i)]);
      }
    },
  };
  expect(wire.receive(0, engine as Engine)).toBe(3);
  expect(seen).toEqual([
    [100, 1400, 3, 7],
    [1500, 1400, 3, 7],
    [2900, 700, 3, 7],
  ]);
});

test("§3 row 17, UDP, §14: the error queue tells of peers that are gone and of datagrams that are too large", async () => {
  const { open, errors, waiting } = bench();
  const wire = await open();
  const rows = [
    { errno: constants.errno.ECONNREFUSED, origin: UdpErrorOrigin.icmp, type: ICMP_UNREACHABLE },
    { errno: constants.errno.EMSGSIZE, origin: UdpErrorOrigin.icmp, type: ICMP_UNREACHABLE },
  ];
  for (const [i, { errno, origin, type }] of rows.entries()) {
    const row = i * UDP_ROW;
    errors.meta[row + UdpErrorRow.errno] = errno;
    errors.meta[row + UdpErrorRow.origin] = origin;
    errors.meta[row + UdpErrorRow.type] = type;
    errors.meta[row + UdpErrorRow.destination] = 5;
    errors.meta[row + UdpErrorRow.info] = 1300;
  }
  waiting.errors = rows.length;
  const told: unknown[] = [];
  const engine: Partial<Engine> = {
    icmpFrom: (_nowUs, address, kind) => void told.push([kind, address]),
    pathMtu: (_nowUs, address, bytes) => void told.push(["tooLarge", address, bytes]),
  };
  wire.readErrors(0, engine as Engine);
  expect(told).toEqual([
    ["unreachable", 5],
    ["tooLarge", 5, 1252],
  ]);
});

test("§3 row 17, UDP, §20: large buffers, splitting and ECN are asked for", async () => {
  const { open, options } = bench();
  await open();
  expect(options[0]).toMatchObject({
    segmentation: "auto",
    ecn: "auto",
    receiveBufferBytes: 8 * 1024 * 1024,
    sendBufferBytes: 8 * 1024 * 1024,
  });
});
