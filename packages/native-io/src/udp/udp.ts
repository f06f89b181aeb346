import type { Capability } from "../capability.js";

/** Datagrams in batches. It knows no protocol: bytes, addresses and what the network said. spec/dcquic.md §16 */
export interface Udp {
  /** Tries every option on a socket of the loopback interface, and says which hold. */
  capabilities(): readonly Capability[];
  /**
   * Opens one or more ports that share slabs and a table of addresses.
   *
   * @throws {@link NativeIoError} `native_io.system` where a port cannot be bound; nothing stays open then.
   * @throws RangeError or TypeError for options that cannot be.
   */
  open(options: UdpOptions): Promise<UdpSocket>;
}

/** Where datagrams come from and go to. */
export interface UdpAddress {
  /** An IP address in its usual form, `fe80::1%2` with the number of its scope; never a name. */
  readonly host: string;
  /** The port, 0–65535. */
  readonly port: number;
}

/** What is opened, and how. */
export interface UdpOptions {
  /** Where to listen; port 0 lets the system choose. IPv6 addresses take IPv4 peers too. */
  readonly ports: readonly UdpAddress[];
  /** Messages that one `receive` can bring; by default 64. */
  readonly receiveSlots?: number;
  /** Bytes of one such message; by default 65536, which is what coalesced datagrams need. */
  readonly slotBytes?: number;
  /** Messages that one `transmit` can take; by default 64. */
  readonly transmitMessages?: number;
  /** Bytes that they share; by default 4 MiB. */
  readonly transmitBytes?: number;
  /** Addresses that have a number at one time; by default 65536. A quarter is kept for sources that nobody pinned. */
  readonly addresses?: number;
  /** Kernel memory for datagrams that wait to be received, per port in bytes; by default 4 MiB. */
  readonly receiveBufferBytes?: number;
  /** Kernel memory for datagrams that wait to leave, per port in bytes; by default 4 MiB. */
  readonly sendBufferBytes?: number;
  /** Whether the kernel splits and joins datagrams where it can: one message, many datagrams. By default yes. */
  readonly segmentation?: "auto" | "off";
  /** Whether ECN bits are read and written; by default yes. */
  readonly ecn?: "auto" | "off";
  /**
   * What happens to a datagram that is too large for its path: with `probe`, the default, nothing on the way splits it
   * and the kernel's own notion of the path is not asked; with `fragment` it is split.
   */
  readonly pathMtu?: "probe" | "fragment";
  /** Microseconds that a wait may poll the network card itself; by default 0, not at all. */
  readonly busyPollUs?: number;
  /** Whether other sockets may share the ports, and the kernel spreads sources over them; by default no. */
  readonly sharePorts?: boolean;
}

/** Bytes and the rows that describe them. Both are shared memory, and live as long as the socket. */
export interface UdpSlab {
  /** What is sent or was received. */
  readonly bytes: Uint8Array;
  /** The rows; see {@link UdpRx}, {@link UdpTx} and {@link UdpErrorRow} for their columns. */
  readonly meta: Int32Array;
}

/** Totals since the socket was opened. */
export interface UdpCounters {
  /** Datagrams that arrived. */
  readonly receivedDatagrams: number;
  /** Their bytes. */
  readonly receivedBytes: number;
  /** Datagrams that were handed to the kernel. */
  readonly sentDatagrams: number;
  /** Their bytes. */
  readonly sentBytes: number;
  /** Messages whose `result` is not 0. */
  readonly refusedMessages: number;
  /** Datagrams that the receive buffer had no room for: loss that happened in this machine. */
  readonly droppedDatagrams: number;
  /** Datagrams longer than their slot. */
  readonly truncatedDatagrams: number;
  /** Errors of earlier datagrams that a later call was told of, and that stopped nothing. */
  readonly pendingErrors: number;
  /** Ports on which splitting by the kernel was given up, because a message passed only in pieces. */
  readonly segmentationDisabled: number;
}

/** What {@link UdpSocket.wait} saw; both bits may be set. */
export const UdpReady = {
  /** Datagrams wait. */
  datagrams: 1,
  /** Errors wait. */
  errors: 2,
} as const;

/**
 * One or more ports.
 *
 * In the order a driver calls them: `receive`, `readErrors`, `transmit`, and `wait` where none brought anything. None of
 * them throws for what a peer or the network does. After `close` all of them throw `native_io.closed`.
 */
export interface UdpSocket {
  /** Where each port listens, with the number that the system chose. */
  readonly ports: readonly UdpAddress[];
  /** What became of every option at the start; `counters` tell whether splitting was given up later. */
  readonly capabilities: readonly Capability[];
  /** Filled by `receive`, and valid until it is called again. */
  readonly rx: UdpSlab;
  /** Filled by the caller before `transmit`. */
  readonly tx: UdpSlab;
  /** Filled by `readErrors`, and valid until it is called again. */
  readonly errors: UdpSlab;
  /** Takes what arrived, without waiting. Returns the number of rows of `rx`. */
  receive(): number;
  /**
   * Sends the first `messages` rows of `tx`, in order.
   *
   * A row that cannot go is skipped and says why in its `result`; a dead peer stops nobody else's datagrams. When the
   * socket is full it ends early: the rows from there on are to be sent again as they are, since one that left in part
   * holds its rest.
   *
   * @returns How many rows are done with.
   */
  transmit(messages: number): number;
  /** Takes what the network reported of earlier datagrams. Returns the number of rows of `errors`. */
  readErrors(): number;
  /**
   * Blocks this thread until something arrives, at most `timeoutUs` (up to 1 s): {@link UdpReady}, 0 for nothing.
   *
   * For worker threads. Where the capability `udp.wait` is missing it never blocks.
   */
  wait(timeoutUs: number): number;
  /** Calls `listener` from the event loop while datagrams or errors wait; without one, stops that. */
  watch(listener: (() => void) | undefined): void;
  /**
   * Gives an address its number and keeps it until `release`, for as many calls as there were.
   *
   * @throws {@link NativeIoError} `native_io.no_space` when too many are kept.
   * @throws TypeError for a host that is no IP address.
   */
  pin(address: UdpAddress): number;
  /** Keeps the number of a source that was just received. Returns whether it could. */
  pinSource(source: number): boolean;
  /** Undoes one `pin` or `pinSource`. */
  release(index: number): void;
  /** Tells the address of a number, or `undefined` where it has none. */
  addressOf(index: number): UdpAddress | undefined;
  /** Tells the largest IP packet in bytes that the kernel believes to pass from `port` to the address `index`. */
  pathMtu(index: number, port: number): number | undefined;
  /** Reads the totals. */
  counters(): UdpCounters;
  /** Closes every port; harmless the second time. */
  close(): void;
}
