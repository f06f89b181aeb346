import { constants } from "node:os";
import {
  type Udp,
  UDP_ROW,
  type UdpAddress,
  UdpErrorRow,
  UdpErrorOrigin,
  UdpRx,
  type UdpSocket,
  UdpTx,
} from "@proj/native-io";
import { DatagramBatch } from "../../engine/batch.js";
import { Distribution } from "../../engine/distribution.js";
import type { Engine } from "../../engine/engine.js";
import { PacketType, WireLimit } from "../../wire/constants.js";
import type { OutgoingPacket } from "../peer-addresses.js";
import type { SocketSettings } from "../socket-settings.js";
import { PortSpreader } from "./port-spreader.js";

/** How the datagrams of a native driver leave and arrive. */
export interface NativeWireOptions extends SocketSettings {
  /** Where to listen; several ports of one address spread flows. */
  readonly ports: readonly UdpAddress[];
}

/** A datagram that could not leave, as its driver weighs it. */
export interface SendFailure {
  /** Positive errno. */
  readonly errno: number;
  /** Bytes of the datagram. */
  readonly bytes: number;
  /** Number of the address it was for. */
  readonly address: number;
}

/** Datagrams that the engine takes at once: a call of the kernel may bring more. */
const RECEIVED = 1024;
/** Datagrams that are sealed and sent at once: few enough to stay in a core's cache. */
const SENT = 256;
/**
 * What one message to the kernel may be (spec/dcquic.md §16.1). Of the 65,507 bytes that UDP allows, some are left for
 * headers: what is longer with them than a card takes is cut by the processor, datagram by datagram.
 */
const MAX_SEGMENTS = 64;
const MAX_MESSAGE_BYTES = 65_000;
const BUFFER_BYTES = 8 * 1024 * 1024;
const FLOW_BYTES_PER_SECOND = 625_000_000;
const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64];
const TYPE_OFFSET = 1;

/** Types of ICMP (RFC 792) and ICMPv6 (RFC 4443). */
const Icmp = { unreachable: 3, sourceQuench: 4, unreachable6: 1 } as const;

/** Bytes of an IPv6 and a UDP header: what a report counts, and a payload does not. */
const IP_OVERHEAD = 48;

type ErrorKind = "unreachable" | "sourceQuench" | "tooLarge";

/**
 * Moves datagrams between an engine and native sockets, many with a call: what arrives stays where the kernel put it, and
 * datagrams of one length to one peer leave as one message.
 *
 * @see spec/dcquic.md §16.1
 */
export class NativeWire {
  /** The sockets. */
  readonly socket: UdpSocket;
  /** Datagrams in each message that left. */
  readonly sent: Distribution = new Distribution(BATCH_BOUNDS);
  /** Datagrams in each message that arrived. */
  readonly received: Distribution = new Distribution(BATCH_BOUNDS);
  readonly #rx: DatagramBatch;
  readonly #tx: DatagramBatch;
  readonly #ports: PortSpreader;
  #carrier: ((packet: OutgoingPacket) => void) | undefined;
  #messages = 0;

  private constructor(socket: UdpSocket, options: NativeWireOptions) {
    this.socket = socket;
    this.#rx = new DatagramBatch(RECEIVED, socket.rx.bytes);
    this.#tx = new DatagramBatch(SENT, socket.tx.bytes);
    this.#ports = new PortSpreader(
      socket.ports.length,
      options.flowBytesPerSecond ?? FLOW_BYTES_PER_SECOND,
    );
  }

  /**
   * Binds every port.
   *
   * @throws NativeIoError `native_io.system`
   */
  static async open(udp: Udp, options: NativeWireOptions): Promise<NativeWire> {
    const { ports, segmentation = "auto", ecn = "auto", bufferBytes = BUFFER_BYTES } = options;
    const socket = await udp.open({
      ports,
      segmentation,
      ecn,
      transmitMessages: SENT,
      transmitBytes: SENT * WireLimit.maxDatagramBytes,
      receiveBufferBytes: bufferBytes,
      sendBufferBytes: bufferBytes,
    });
    return new NativeWire(socket, options);
  }

  /** Whether messages wait because the socket was full. */
  get isFull(): boolean {
    return this.#messages > 0;
  }

  /** Gives what is sent from now on to `carrier` instead of the kernel, or to the kernel again. What a full socket left over is lost. */
  handTo(carrier: ((packet: OutgoingPacket) => void) | undefined): void {
    this.#carrier = carrier;
    this.#messages = 0;
  }

  /** Hands what arrived to the engine; returns how many datagrams that were. */
  receive(nowUs: number, engine: Engine): number {
    const messages = this.socket.receive();
    const { meta } = this.socket.rx;
    const batch = this.#rx;
    let datagrams = 0;
    for (let message = 0; message < messages; message++) {
      const row = message * UDP_ROW;
      const segment = Math.max(1, meta[row + UdpRx.segment] ?? 1);
      const start = meta[row + UdpRx.offset] ?? 0;
      const end = start + (meta[row + UdpRx.length] ?? 0);
      const source = meta[row + UdpRx.source] ?? -1;
      const ecn = meta[row + UdpRx.ecn] ?? 0;
      // The last one may be shorter.
      const whole = Math.floor((end - start) / segment);
      for (let at = start, left = whole; left > 0;) {
        if (batch.count === RECEIVED) this.#deliver(nowUs, engine);
        const count = Math.min(left, RECEIVED - batch.count);
        batch.place(at, segment, source, ecn, count);
        at += count * segment;
        left -= count;
      }
      const rest = end - start - whole * segment;
      if (rest > 0) {
        if (batch.count === RECEIVED) this.#deliver(nowUs, engine);
        batch.place(end - rest, rest, source, ecn);
      }
      const count = rest > 0 ? whole + 1 : whole;
      datagrams += count;
      this.received.add(count);
    }
    this.#deliver(nowUs, engine);
    return datagrams;
  }

  /** Tells the engine what the network reported about earlier datagrams. */
  readErrors(nowUs: number, engine: Engine): void {
    const rows = this.socket.readErrors();
    const { meta } = this.socket.errors;
    for (let i = 0; i < rows; i++) {
      const row = i * UDP_ROW;
      const address = meta[row + UdpErrorRow.destination] ?? -1;
      const kind = kindOf(meta, row);
      if (address < 0 || kind === undefined) continue;
      if (kind === "tooLarge")
        engine.pathMtu(nowUs, address, (meta[row + UdpErrorRow.info] ?? 0) - IP_OVERHEAD);
      else engine.icmpFrom(nowUs, address, kind);
    }
  }

  /**
   * Sends what the engine has, or first what a full socket left over: those bytes go as they are, since their packet numbers
   * are used. Returns how many datagrams the engine gave; `failed` is told of messages that cannot leave.
   */
  transmit(nowUs: number, engine: Engine, failed: (failure: SendFailure) => void): number {
    if (this.isFull && !this.#send(failed)) return 0;
    const batch = this.#tx;
    batch.clear();
    const datagrams = engine.transmit(nowUs, batch);
    if (this.#carrier !== undefined) return this.#handOut(this.#carrier, datagrams);
    this.#messages = 0;
    for (let first = 0; first < datagrams;) first = this.#describe(nowUs, first, datagrams);
    if (datagrams > 0) this.#send(failed);
    return datagrams;
  }

  /** Bytes of UDP payload that pass as far as the system knows; Infinity where it knows nothing. */
  knownMtu(address: number): number {
    const mtu = this.socket.pathMtu(address, 0);
    return mtu === undefined ? Number.POSITIVE_INFINITY : mtu - IP_OVERHEAD;
  }

  /** Sends one datagram that no engine gave; it is lost where the socket is full. */
  sendAlone(datagram: Uint8Array, address: number, ecn: number = 0): void {
    if (this.isFull) return;
    const { bytes, meta } = this.socket.tx;
    bytes.set(datagram);
    meta.fill(0, 0, UDP_ROW);
    meta[UdpTx.length] = datagram.length;
    meta[UdpTx.destination] = address;
    meta[UdpTx.ecn] = ecn;
    this.socket.transmit(1);
  }

  /** Closes the sockets. */
  close(): void {
    this.socket.close();
  }

  #deliver(nowUs: number, engine: Engine): void {
    if (this.#rx.count > 0) engine.receive(nowUs, this.#rx);
    this.#rx.clear();
  }

  #handOut(carrier: (packet: OutgoingPacket) => void, datagrams: number): number {
    const batch = this.#tx;
    for (let i = 0; i < datagrams; i++) {
      const to = this.socket.addressOf(batch.address(i));
      if (to === undefined) continue;
      const at = batch.offset(i);
      const datagram = batch.bytes.slice(at, at + batch.length(i));
      carrier({ to, ecn: batch.ecn(i), datagram });
    }
    return datagrams;
  }

  // One message of datagrams side by side that are alike; returns the first that is not in it.
  #describe(nowUs: number, first: number, datagrams: number): number {
    const batch = this.#tx;
    const address = batch.address(first);
    const ecn = batch.ecn(first);
    const segment = batch.length(first);
    const isData = this.#isData(first);
    // Those that were described together are alike.
    const most = Math.min(MAX_SEGMENTS, Math.floor(MAX_MESSAGE_BYTES / segment));
    const alike = Math.max(1, Math.min(batch.endOfRun(first) - first, most));
    let bytes = alike * segment;
    let next = first + alike;
    while (next < datagrams && next - first < MAX_SEGMENTS) {
      const length = batch.length(next);
      const isBeside = batch.offset(next) === batch.offset(first) + bytes;
      const isAlike = isBeside && batch.address(next) === address && batch.ecn(next) === ecn;
      if (batch.isAlone(first) || batch.isAlone(next)) break;
      if (!isAlike || length > segment || bytes + length > MAX_MESSAGE_BYTES) break;
      if (this.#isData(next) !== isData) break;
      bytes += length;
      next += 1;
      if (length < segment) break;
    }
    const { meta } = this.socket.tx;
    const row = this.#messages * UDP_ROW;
    meta[row + UdpTx.offset] = batch.offset(first);
    meta[row + UdpTx.length] = bytes;
    meta[row + UdpTx.segment] = next - first > 1 ? segment : 0;
    meta[row + UdpTx.destination] = address;
    meta[row + UdpTx.ecn] = ecn;
    meta[row + UdpTx.port] = isData ? this.#ports.take(nowUs, bytes) : 0;
    this.#messages += 1;
    this.sent.add(next - first);
    return next;
  }

  #isData(index: number): boolean {
    return this.#tx.bytes[this.#tx.offset(index) + TYPE_OFFSET] === PacketType.Data;
  }

  #failure(meta: Int32Array, row: number, errno: number): SendFailure {
    const segment = meta[row + UdpTx.segment] ?? 0;
    const bytes = segment > 0 ? segment : (meta[row + UdpTx.length] ?? 0);
    return { errno, bytes, address: meta[row + UdpTx.destination] ?? -1 };
  }

  // Whether everything left. What did not moves to the first rows.
  #send(failed: (failure: SendFailure) => void): boolean {
    const { meta } = this.socket.tx;
    const done = this.socket.transmit(this.#messages);
    for (let row = 0; row < done * UDP_ROW; row += UDP_ROW) {
      const result = meta[row + UdpTx.result] ?? 0;
      if (result < 0) failed(this.#failure(meta, row, -result));
    }
    if (done > 0) meta.copyWithin(0, done * UDP_ROW, this.#messages * UDP_ROW);
    this.#messages -= done;
    return this.#messages === 0;
  }
}

function kindOf(meta: Int32Array, row: number): ErrorKind | undefined {
  if (meta[row + UdpErrorRow.errno] === constants.errno.EMSGSIZE) return "tooLarge";
  const type = meta[row + UdpErrorRow.type];
  switch (meta[row + UdpErrorRow.origin]) {
    case UdpErrorOrigin.icmp:
      if (type === Icmp.sourceQuench) return "sourceQuench";
      return type === Icmp.unreachable ? "unreachable" : undefined;
    case UdpErrorOrigin.icmp6:
      return type === Icmp.unreachable6 ? "unreachable" : undefined;
    default:
      return undefined;
  }
}
