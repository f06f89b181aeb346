import { constants } from "node:os";
import type { PortablePort } from "./portable-udp-port.js";
import type { UdpAddress } from "./udp.js";

const MAX_DATAGRAM_BYTES = 65_507;

/** Sends through node:dgram, and knows when it would only queue. */
export class PortableOutbox {
  readonly #ports: readonly PortablePort[];
  // What Node has not sent yet it sends from here, not from the slab, which the caller fills again.
  readonly #staging: readonly Uint8Array[];

  /** The ports stay their owner's. */
  constructor(ports: readonly PortablePort[]) {
    this.#ports = ports;
    this.#staging = ports.map(() => new Uint8Array(MAX_DATAGRAM_BYTES));
  }

  /**
   * Sends one datagram, which is copied.
   *
   * @param failed Called later, if Node finds that it could not go.
   * @returns 0, a negative errno, or `undefined` where the one before has not left yet.
   */
  send(
    port: number,
    bytes: Uint8Array,
    to: UdpAddress,
    failed: (thrown: Error) => void,
  ): number | undefined {
    const via = this.#ports[port];
    const staging = this.#staging[port];
    if (via === undefined || staging === undefined) return -constants.errno.EINVAL;
    if (bytes.length > MAX_DATAGRAM_BYTES) return -constants.errno.EMSGSIZE;
    const ipv4 = !to.host.includes(":");
    if (!ipv4 && !via.ipv6) return -constants.errno.EAFNOSUPPORT;
    if (to.port === 0) return -constants.errno.EINVAL;
    if (via.socket.getSendQueueCount() > 0) return undefined;
    staging.set(bytes);
    const host = ipv4 && via.ipv6 ? `::ffff:${to.host}` : to.host;
    via.socket.send(staging, 0, bytes.length, to.port, host, (thrown) => {
      if (thrown !== null) failed(thrown);
    });
    return 0;
  }
}
