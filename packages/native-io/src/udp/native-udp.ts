import { asWireError } from "@proj/wire-types";
import { type Capability, missing } from "../capability.js";
import { NativeIoError, systemError } from "../errors.js";
import { UDP_COSTS } from "./capabilities.js";
import { formatUdpAddress, isMapped, parseUdpAddress } from "./udp-address.js";
import { reportPorts, UDP_OPTIONS, UdpOption } from "./native-udp-report.js";
import { settleUdpOptions, type UdpSettings } from "./udp-settings.js";
import { UdpDoors } from "./udp-doors.js";
import { makeUdpSlabs, type UdpSlabs } from "./udp-slabs.js";
import type { Udp, UdpAddress, UdpCounters, UdpOptions, UdpSlab, UdpSocket } from "./udp.js";

/** What native/udp.cc exports. Answers below zero are negative errnos. */
export interface UdpAddon {
  create(
    rx: Uint8Array,
    rxMeta: Int32Array,
    tx: Uint8Array,
    txMeta: Int32Array,
    errors: Uint8Array,
    errorMeta: Int32Array,
    slotBytes: number,
    addresses: number,
  ): number;
  doors(words: Int32Array): readonly [receive: () => void, transmit: () => void];
  addPort(
    handle: number,
    ip: Uint8Array,
    port: number,
    scope: number,
    flags: number,
    receiveBufferBytes: number,
    sendBufferBytes: number,
    busyPollUs: number,
    report: Int32Array,
  ): number;
  readErrors(handle: number): number;
  wait(handle: number, timeoutUs: number): number;
  watch(handle: number, listener: () => void): number;
  unwatch(handle: number): void;
  intern(handle: number, ip: Uint8Array, port: number, scope: number): number;
  pin(handle: number, index: number): number;
  unpin(handle: number, index: number): number;
  address(handle: number, index: number, ip: Uint8Array): number;
  pathMtu(handle: number, index: number, port: number): number;
  counters(handle: number, into: Uint8Array): void;
  close(handle: number): void;
}

const PORT_FLAGS = { gro: 1, gso: 2, ecn: 4, sharePorts: 8, probePathMtu: 16 };
const COUNTERS = 9;

/** Datagrams by the system's batch calls. */
export class NativeUdp implements Udp {
  readonly #addon: UdpAddon;
  #doors: UdpDoors | undefined;

  /** `addon` is the object that native/udp.cc fills. */
  constructor(addon: UdpAddon) {
    this.#addon = addon;
  }

  /** Opens a socket of the loopback interface for the length of the call. */
  capabilities(): readonly Capability[] {
    const options = { ports: [{ host: "127.0.0.1", port: 0 }], receiveSlots: 1, transmitBytes: 1 };
    try {
      const socket = this.#openSocket({ ...options, busyPollUs: 1 });
      socket.close();
      return socket.capabilities;
    } catch (thrown) {
      const { message } = asWireError(thrown);
      return Object.entries(UDP_COSTS).map(([name, cost]) => missing(name, message, cost));
    }
  }

  /** Opens the ports at once; the promise is that of the portable twin. */
  async open(options: UdpOptions): Promise<UdpSocket> {
    return this.#openSocket(options);
  }

  #openSocket(options: UdpOptions): UdpSocket {
    this.#doors ??= new UdpDoors(this.#addon);
    return new NativeUdpSocket(this.#addon, this.#doors, settleUdpOptions(options));
  }
}

class NativeUdpSocket implements UdpSocket {
  readonly ports: readonly UdpAddress[];
  readonly capabilities: readonly Capability[];
  readonly rx: UdpSlab;
  readonly tx: UdpSlab;
  readonly errors: UdpSlab;
  readonly #addon: UdpAddon;
  readonly #handle: number;
  readonly #doors: UdpDoors;
  readonly #rows: number;
  #open = true;

  constructor(addon: UdpAddon, doors: UdpDoors, settings: UdpSettings) {
    const { rx, tx, errors }: UdpSlabs = makeUdpSlabs(settings);
    const { slotBytes, addresses } = settings;
    const handle = addon.create(
      rx.bytes,
      rx.meta,
      tx.bytes,
      tx.meta,
      errors.bytes,
      errors.meta,
      slotBytes,
      addresses,
    );
    if (handle < 0) throw systemError("open a UDP socket", handle);
    this.rx = rx;
    this.tx = tx;
    this.errors = errors;
    this.#addon = addon;
    this.#handle = handle;
    this.#rows = settings.transmitMessages;
    this.#doors = doors;
    try {
      const reports = settings.ports.map((_, i) => this.#addPort(settings, i));
      this.ports = settings.ports.map((endpoint, i) =>
        formatUdpAddress({ ...endpoint, port: reports[i]?.[UdpOption.portNumber] ?? 0 }),
      );
      this.capabilities = reportPorts(reports, settings);
    } catch (refusal) {
      this.close();
      throw refusal;
    }
  }

  receive(): number {
    return this.#doors.receive(this.#handle);
  }

  transmit(messages: number): number {
    if (!(messages >= 0 && messages <= this.#rows)) {
      throw new RangeError(`${messages} messages, but there are ${this.#rows} rows`);
    }
    return this.#doors.transmit(this.#handle, messages);
  }

  readErrors(): number {
    return this.#addon.readErrors(this.#live());
  }

  wait(timeoutUs: number): number {
    const ready = this.#addon.wait(this.#live(), timeoutUs);
    if (ready < 0) throw systemError("wait for datagrams", ready);
    return ready;
  }

  watch(listener: (() => void) | undefined): void {
    const handle = this.#live();
    this.#addon.unwatch(handle);
    if (listener === undefined) return;
    const refused = this.#addon.watch(handle, listener);
    if (refused < 0) throw systemError("watch a UDP socket", refused);
  }

  pin(address: UdpAddress): number {
    const { ip, port, scope } = parseUdpAddress(address);
    const index = this.#addon.intern(this.#live(), ip, port, scope);
    if (index < 0) throw systemError("keep one more address", index);
    return index;
  }

  pinSource(source: number): boolean {
    return source >= 0 && this.#addon.pin(this.#live(), source) === 1;
  }

  release(index: number): void {
    this.#addon.unpin(this.#live(), index);
  }

  addressOf(index: number): UdpAddress | undefined {
    if (index < 0) return undefined;
    const ip = new Uint8Array(16);
    const rest = this.#addon.address(this.#live(), index, ip);
    if (rest < 0) return undefined;
    return formatUdpAddress({ ip, port: rest % 65_536, scope: Math.floor(rest / 65_536) });
  }

  pathMtu(index: number, port: number): number | undefined {
    const mtu = this.#addon.pathMtu(this.#live(), index, port);
    return mtu < 0 ? undefined : mtu;
  }

  counters(): UdpCounters {
    const counts = new BigUint64Array(COUNTERS);
    this.#addon.counters(this.#live(), new Uint8Array(counts.buffer));
    const [received, receivedBytes, sent, sentBytes, refused, dropped, truncated, pending, gso] =
      Array.from(counts, Number);
    return {
      receivedDatagrams: received ?? 0,
      receivedBytes: receivedBytes ?? 0,
      sentDatagrams: sent ?? 0,
      sentBytes: sentBytes ?? 0,
      refusedMessages: refused ?? 0,
      droppedDatagrams: dropped ?? 0,
      truncatedDatagrams: truncated ?? 0,
      pendingErrors: pending ?? 0,
      segmentationDisabled: gso ?? 0,
    };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.close(this.#handle);
  }

  #live(): number {
    if (this.#open) return this.#handle;
    throw new NativeIoError("native_io.closed", "the UDP socket is closed");
  }

  #addPort(settings: UdpSettings, index: number): Int32Array {
    const endpoint = settings.ports[index];
    const report = new Int32Array(UDP_OPTIONS);
    if (endpoint === undefined) return report;
    const { segmentation, ecn, sharePorts, probePathMtu } = settings;
    const flags =
      (segmentation ? PORT_FLAGS.gro | PORT_FLAGS.gso : 0) |
      (ecn ? PORT_FLAGS.ecn : 0) |
      (sharePorts ? PORT_FLAGS.sharePorts : 0) |
      (probePathMtu ? PORT_FLAGS.probePathMtu : 0);
    const { ip, port, scope } = endpoint;
    const outcome = this.#addon.addPort(
      this.#handle,
      ip,
      port,
      scope,
      flags,
      settings.receiveBufferBytes,
      settings.sendBufferBytes,
      settings.busyPollUs,
      report,
    );
    if (outcome >= 0) return report;
    const { host } = formatUdpAddress(endpoint);
    throw systemError(`bind ${isMapped(ip) ? host : `[${host}]`}:${port}`, outcome);
  }
}
