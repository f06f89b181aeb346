/** Where a datagram goes or came from. */
export interface UdpAddress {
  /** IP address. */
  readonly host: string;
  /** Port. */
  readonly port: number;
}

/** A datagram on its way from the worker where it arrived to the one that is home to its path. */
export interface HandedPacket {
  /** Number of that worker. */
  readonly home: number;
  /** Where it came from. */
  readonly from: UdpAddress;
  /** The ECN bits of its IP header. */
  readonly ecn: number;
  /** The datagram, unopened; nobody else's any more. */
  readonly datagram: Uint8Array;
}

/** A datagram on its way from a worker whose NIC is gone to one that sends it. */
export interface OutgoingPacket {
  /** Where it goes. */
  readonly to: UdpAddress;
  /** The ECN bits of its IP header; a driver that cannot write them leaves them out. */
  readonly ecn: number;
  /** The datagram, sealed; nobody else's any more. */
  readonly datagram: Uint8Array;
}

const FIRST_STRANGER = 2 ** 24;
const STRANGERS = 1024;

/**
 * Numbers for addresses, as engines use them. Peers keep theirs; of the others only the last 1024 are remembered, so that
 * a flood of sources costs nothing.
 */
export class PeerAddresses {
  readonly #peers: UdpAddress[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #strangers: (UdpAddress | undefined)[] = Array.from({ length: STRANGERS });
  #nextStranger = 0;
  // Where the latest datagram of a peer came from: most come in runs, and a name of host and port costs more than to compare both.
  #latest: UdpAddress = { host: "", port: 0 };
  #latestNumber = 0;

  /** The lasting number of a peer's address. */
  peer(host: string, port: number): number {
    const name = `${host}:${port}`;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#peers.push({ host, port }) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** The number of where something came from. */
  source(host: string, port: number): number {
    if (port === this.#latest.port && host === this.#latest.host) return this.#latestNumber;
    const known = this.#numbers.get(`${host}:${port}`);
    if (known !== undefined) {
      this.#latest = this.#peers[known] ?? this.#latest;
      this.#latestNumber = known;
      return known;
    }
    const slot = this.#nextStranger;
    this.#nextStranger = (slot + 1) % STRANGERS;
    this.#strangers[slot] = { host, port };
    return FIRST_STRANGER + slot;
  }

  /** The address behind a number, if it is still remembered. */
  of(number: number): UdpAddress | undefined {
    return number < FIRST_STRANGER ? this.#peers[number] : this.#strangers[number - FIRST_STRANGER];
  }
}
