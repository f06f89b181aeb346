import { UDP_ROW, type UdpAddress, UdpRx, type UdpSocket, UdpTx } from "@proj/native-io";
import { setImmediate } from "node:timers/promises";

/** One datagram as the tests look at it. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly source: UdpAddress | undefined;
  readonly index: number;
  readonly ecn: number;
  readonly port: number;
  readonly flags: number;
}

/** A message to send. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  readonly to: number;
  readonly segment?: number;
  readonly ecn?: number;
  readonly port?: number;
}

/** Copies what the last `receive` brought, one by one. */
export function datagrams(socket: UdpSocket, rows: number): Datagram[] {
  const { bytes, meta } = socket.rx;
  return Array.from({ length: rows }, (_, i) => {
    const row = meta.subarray(i * UDP_ROW, (i + 1) * UDP_ROW);
    const [offset = 0, length = 0, segment = 0, ecn = 0, index = 0, port = 0, flags = 0] = row;
    const source = socket.addressOf(index);
    const ends = length === 0 ? [0] : steps(length, segment);
    return ends.map((at) => ({
      bytes: bytes.slice(offset + at, offset + Math.min(length, at + segment)),
      source,
      index,
      ecn,
      port,
      flags,
    }));
  }).flat();
}

/** Receives until there are `count` datagrams, or nothing came for a second. */
export async function collect(socket: UdpSocket, count: number): Promise<Datagram[]> {
  const found: Datagram[] = [];
  let quiet = performance.now() + 1000;
  while (found.length < count && performance.now() < quiet) {
    const rows = socket.receive();
    if (rows > 0) quiet = performance.now() + 1000;
    found.push(...datagrams(socket, rows));
    await setImmediate();
  }
  return found;
}

/** Fills the rows of `tx`, one message after the other. */
export function load(socket: UdpSocket, messages: readonly Outgoing[]): void {
  const { bytes, meta } = socket.tx;
  let offset = 0;
  for (const [i, message] of messages.entries()) {
    const row = i * UDP_ROW;
    bytes.set(message.bytes, offset);
    meta[row + UdpTx.offset] = offset;
    meta[row + UdpTx.length] = message.bytes.length;
    meta[row + UdpTx.segment] = message.segment ?? 0;
    meta[row + UdpTx.destination] = message.to;
    meta[row + UdpTx.ecn] = message.ecn ?? 0;
    meta[row + UdpTx.port] = message.port ?? 0;
    meta[row + UdpTx.result] = 1;
    offset += message.bytes.length;
  }
}

/** Sends all `messages`, as often as the socket is full, and returns their results. */
export async function sendAll(
  socket: UdpSocket,
  messages: readonly Outgoing[],
): Promise<readonly number[]> {
  load(socket, messages);
  const results: number[] = [];
  for (let left = messages.length; left > 0;) {
    const done = socket.transmit(left);
    for (let i = 0; i < done; i++) {
      results.push(socket.tx.meta[i * UDP_ROW + UdpTx.result] ?? 1);
    }
    socket.tx.meta.copyWithin(0, done * UDP_ROW, left * UDP_ROW);
    left -= done;
    if (left > 0) await setImmediate();
  }
  return results;
}

function steps(length: number, segment: number): number[] {
  return Array.from({ length: Math.ceil(length / segment) }, (_, i) => i * segment);
}

/** Bytes that tell one datagram from another. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff);
}

/** The column `name` of row `row` of what was received. */
export function rxColumn(socket: UdpSocket, row: number, name: keyof typeof UdpRx): number {
  return socket.rx.meta[row * UDP_ROW + UdpRx[name]] ?? -1;
}
