import { createSocket, type Socket } from "node:dgram";
import { refusedBySystem } from "../errors.js";
import { formatUdpAddress, isMapped, type UdpEndpoint } from "./udp-address.js";
import type { UdpSettings } from "./udp-settings.js";
import type { UdpAddress } from "./udp.js";

/** One bound socket of node:dgram. */
export interface PortablePort {
  readonly socket: Socket;
  readonly address: UdpAddress;
  /** Whether it speaks IPv6, and IPv4 in its mapped form. */
  readonly ipv6: boolean;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

/**
 * Binds one port.
 *
 * @throws {@link NativeIoError} `native_io.system`.
 */
export async function openPort(
  endpoint: UdpEndpoint,
  settings: UdpSettings,
): Promise<PortablePort> {
  const ipv6 = !isMapped(endpoint.ip);
  const { host, port } = formatUdpAddress(endpoint);
  const socket = createSocket({
    type: ipv6 ? "udp6" : "udp4",
    recvBufferSize: settings.receiveBufferBytes,
    sendBufferSize: settings.sendBufferBytes,
    // Hosts are numbers already. Answering at once makes the send itself happen at once.
    lookup: (name, _, found) => found(null, name, ipv6 ? 6 : 4),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off("error", reject);
        resolve();
      });
    });
  } catch (thrown) {
    socket.close();
    throw refusedBySystem(
      `bind ${host} port ${port}`,
      (thrown as NodeJS.ErrnoException).code ?? "EINVAL",
    );
  }
  return {
    socket,
    address: { host, port: socket.address().port },
    ipv6,
    receiveBufferBytes: granted(socket.getRecvBufferSize()),
    sendBufferBytes: granted(socket.getSendBufferSize()),
  };
}

// Linux doubles what it is asked for, to account for its own structures.
function granted(bytes: number): number {
  return process.platform === "linux" ? bytes / 2 : bytes;
}
