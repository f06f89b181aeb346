import { constants } from "node:os";
import type { RemoteInfo } from "node:dgram";
import type { Capability } from "../capability.js";
import { NativeIoError } from "../errors.js";
import { AddressTable } from "./address-table.js";
import { UDP_ROW, UDP_RX_TRUNCATED, UdpErrorOrigin, UdpErrorRow, UdpRx, UdpTx } from "./layout.js";
import { type Arrived, PortableInbox } from "./portable-inbox.js";
import { PortableOutbox } from "./portable-outbox.js";
import type { PortablePort } from "./portable-udp-port.js";
import { formatUdpAddress, parseUdpAddress } from "./udp-address.js";
import { UDP_ERROR_ROWS, type UdpSettings } from "./udp-settings.js";
import { makeUdpSlabs } from "./udp-slabs.js";
import {
  type UdpAddress,
  type UdpCounters,
  UdpReady,
  type UdpSlab,
  type UdpSocket,
} from "./udp.js";

interface Failed {
  readonly errno: number;
  readonly destination: number;
  readonly port: number;
}

type Counts = { -readonly [name in keyof UdpCounters]: number };

/** A group of node:dgram sockets behind the batch interface. */
export class PortableUdpSocket implements UdpSocket {
  readonly ports: readonly UdpAddress[];
  readonly capabilities: readonly Capability[];
  readonly rx: UdpSlab;
  readonly tx: UdpSlab;
  readonly errors: UdpSlab;
  readonly #settings: UdpSettings;
  readonly #ports: readonly PortablePort[];
  readonly #addresses: AddressTable<UdpAddress>;
  readonly #inbox: PortableInbox;
  readonly #outbox: PortableOutbox;
  readonly #counts: Counts = {
    receivedDatagrams: 0,
    receivedBytes: 0,
    sentDatagrams: 0,
    sentBytes: 0,
    refusedMessages: 0,
    droppedDatagrams: 0,
    truncatedDatagrams: 0,
    pendingErrors: 0,
    segmentationDisabled: 0,
  };
  #failed: Failed[] = [];
  #listener: (() => void) | undefined;
  #call: NodeJS.Immediate | undefined;
  #open = true;

  /** The sockets are bound, and belong to this one from now on. */
  constructor(
    settings: UdpSettings,
    ports: readonly PortablePort[],
    capabilities: readonly Capability[],
  ) {
    const { rx, tx, errors } = makeUdpSlabs(settings);
    this.ports = ports.map((port) => port.address);
    this.capabilities = capabilities;
    this.rx = rx;
    this.tx = tx;
    this.errors = errors;
    this.#settings = settings;
    this.#ports = ports;
    this.#addresses = new AddressTable(settings.addresses);
    this.#inbox = new PortableInbox(settings.receiveBufferBytes);
    this.#outbox = new PortableOutbox(ports);
    for (const [port, { socket }] of ports.entries()) {
      socket.on("message", (bytes, source) => this.#arrive(bytes, source, port));
      socket.on("error", (thrown) => this.#fail(thrown, -1, port));
    }
  }

  receive(): number {
    this.#live();
    const { receiveSlots, slotBytes } = this.#settings;
    const arrived = this.#inbox.take(receiveSlots);
    for (const [slot, each] of arrived.entries()) this.#describe(slot, slotBytes, each);
    return arrived.length;
  }

  transmit(messages: number): number {
    this.#live();
    const rows = this.#settings.transmitMessages;
    if (!(messages >= 0 && messages <= rows)) {
      throw new RangeError(`${messages} messages, but there are ${rows} rows`);
    }
    for (let message = 0; message < messages; message++) {
      const result = this.#send(message * UDP_ROW);
      if (result === undefined) return message;
      this.tx.meta[message * UDP_ROW + UdpTx.result] = result;
      if (result !== 0) this.#counts.refusedMessages++;
    }
    return messages;
  }

  readErrors(): number {
    this.#live();
    const taken = this.#failed.splice(0, UDP_ERROR_ROWS);
    const { meta } = this.errors;
    for (const [i, { errno, destination, port }] of taken.entries()) {
      const row = i * UDP_ROW;
      meta.fill(0, row, row + UDP_ROW);
      meta[row + UdpErrorRow.errno] = errno;
      meta[row + UdpErrorRow.origin] = UdpErrorOrigin.local;
      meta[row + UdpErrorRow.destination] = destination;
      meta[row + UdpErrorRow.port] = port;
    }
    return taken.length;
  }

  wait(timeoutUs: number): number {
    this.#live();
    if (!(timeoutUs >= 0 && timeoutUs <= 1_000_000)) {
      throw new RangeError(`${timeoutUs} µs is not in 0–1000000`);
    }
    return (
      (this.#inbox.isEmpty ? 0 : UdpReady.datagrams) |
      (this.#failed.length > 0 ? UdpReady.errors : 0)
    );
  }

  watch(listener: (() => void) | undefined): void {
    this.#live();
    this.#listener = listener;
    this.#announce();
  }

  pin(address: UdpAddress): number {
    this.#live();
    const known = formatUdpAddress(parseUdpAddress(address));
    const index = this.#addresses.intern(keyOf(known), () => known);
    if (this.#addresses.pin(index)) return index;
    throw new NativeIoError("native_io.no_space", "too many addresses are kept");
  }

  pinSource(source: number): boolean {
    this.#live();
    return this.#addresses.pin(source);
  }

  release(index: number): void {
    this.#live();
    this.#addresses.unpin(index);
  }

  addressOf(index: number): UdpAddress | undefined {
    this.#live();
    return this.#addresses.at(index);
  }

  pathMtu(_index: number, _port: number): number | undefined {
    this.#live();
    return undefined;
  }

  counters(): UdpCounters {
    this.#live();
    return { ...this.#counts };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener = undefined;
    clearImmediate(this.#call);
    for (const { socket } of this.#ports) socket.close();
  }

  #live(): void {
    if (!this.#open) throw new NativeIoError("native_io.closed", "the UDP socket is closed");
  }

  #arrive(bytes: Uint8Array, source: RemoteInfo, port: number): void {
    if (this.#inbox.put(bytes, source, port)) this.#announce();
    else this.#counts.droppedDatagrams++;
  }

  #describe(slot: number, slotBytes: number, { bytes, source, port }: Arrived): void {
    const { meta } = this.rx;
    const row = slot * UDP_ROW;
    const length = Math.min(bytes.length, slotBytes);
    this.rx.bytes.set(length < bytes.length ? bytes.subarray(0, length) : bytes, slot * slotBytes);
    meta[row + UdpRx.offset] = slot * slotBytes;
    meta[row + UdpRx.length] = length;
    meta[row + UdpRx.segment] = length;
    meta[row + UdpRx.ecn] = 0;
    meta[row + UdpRx.source] = this.#addresses.intern(keyOf(source), () => source);
    meta[row + UdpRx.port] = port;
    meta[row + UdpRx.flags] = length < bytes.length ? UDP_RX_TRUNCATED : 0;
    if (length < bytes.length) this.#counts.truncatedDatagrams++;
    this.#counts.receivedDatagrams++;
    this.#counts.receivedBytes += length;
  }

  // The result of the row, or undefined where the socket is full and the row holds what is left.
  #send(row: number): number | undefined {
    const { meta, bytes } = this.tx;
    const offset = meta[row + UdpTx.offset] ?? 0;
    const length = meta[row + UdpTx.length] ?? 0;
    const segment = meta[row + UdpTx.segment] ?? 0;
    const index = meta[row + UdpTx.destination] ?? -1;
    const destination = this.#addresses.at(index);
    const port = meta[row + UdpTx.port] ?? 0;
    if (offset < 0 || length < 0 || segment < 0 || offset + length > bytes.length) {
      return -constants.errno.EINVAL;
    }
    if (destination === undefined) return -constants.errno.EDESTADDRREQ;
    const piece = segment === 0 ? length : segment;
    let done = 0;
    do {
      const size = Math.min(piece, length - done);
      const from = offset + done;
      const result = this.#outbox.send(
        port,
        bytes.subarray(from, from + size),
        destination,
        (thrown) => this.#fail(thrown, index, port),
      );
      if (result === undefined) {
        meta[row + UdpTx.offset] = from;
        meta[row + UdpTx.length] = length - done;
      }
      if (result !== 0) return result;
      this.#counts.sentDatagrams++;
      this.#counts.sentBytes += size;
      done += size;
    } while (done < length);
    return 0;
  }

  #fail(thrown: Error, destination: number, port: number): void {
    // Nobody reads them, perhaps: what is not read is not kept for ever.
    if (this.#failed.length >= UDP_ERROR_ROWS) this.#failed.shift();
    const errno = Math.abs((thrown as NodeJS.ErrnoException).errno ?? 0);
    this.#failed.push({ errno, destination, port });
    this.#announce();
  }

  #announce(): void {
    if (this.#listener === undefined || this.#call !== undefined) return;
    if (this.#inbox.isEmpty && this.#failed.length === 0) return;
    this.#call = setImmediate(() => {
      this.#call = undefined;
      this.#listener?.();
      if (this.#open) this.#announce();
    });
  }
}

function keyOf({ host, port }: UdpAddress): string {
  return `${host} ${port}`;
}
