import type { RemoteInfo } from "node:dgram";
import type { UdpAddress } from "./udp.js";

/** A datagram that node:dgram delivered. */
export interface Arrived {
  /** Its own memory. */
  readonly bytes: Uint8Array;
  /** IPv4 in dots, also where it came through an IPv6 socket. */
  readonly source: UdpAddress;
  /** Number of the port it arrived at. */
  readonly port: number;
}

/** Datagrams that wait for `receive`, as far as there is room. */
export class PortableInbox {
  readonly #roomBytes: number;
  #arrived: Arrived[] = [];
  #taken = 0;
  #waitingBytes = 0;

  /** `roomBytes` stands for the kernel's receive buffer, which node:dgram empties at once. */
  constructor(roomBytes: number) {
    this.#roomBytes = roomBytes;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#taken === this.#arrived.length;
  }

  /** Keeps a datagram; `false` where there is no room. */
  put(bytes: Uint8Array, source: RemoteInfo, port: number): boolean {
    if (this.#waitingBytes + bytes.length > this.#roomBytes) return false;
    this.#waitingBytes += bytes.length;
    const from = { host: plain(source.address), port: source.port };
    this.#arrived.push({ bytes, source: from, port });
    return true;
  }

  /** Takes up to `count` of them, oldest first. */
  take(count: number): readonly Arrived[] {
    const taken = this.#arrived.slice(this.#taken, this.#taken + count);
    this.#taken += taken.length;
    for (const { bytes } of taken) this.#waitingBytes -= bytes.length;
    // Moving the rest down costs its length, so it waits until as much was taken.
    if (this.#taken * 2 >= this.#arrived.length) {
      this.#arrived = this.#arrived.slice(this.#taken);
      this.#taken = 0;
    }
    return taken;
  }
}

const MAPPED = "::ffff:";

// Node writes IPv4 in its mapped form where the socket speaks IPv6.
function plain(host: string): string {
  return host.startsWith(MAPPED) && host.includes(".") ? host.slice(MAPPED.length) : host;
}
