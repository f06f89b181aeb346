import { type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import { reportBuffer, UDP_COSTS } from "./capabilities.js";
import { openPort, type PortablePort } from "./portable-udp-port.js";
import { PortableUdpSocket } from "./portable-udp-socket.js";
import { settleUdpOptions, type UdpSettings } from "./udp-settings.js";
import type { Udp, UdpOptions, UdpSocket } from "./udp.js";

const LACKS: readonly Capability[] = Object.entries(UDP_COSTS).map(([name, cost]) =>
  missing(name, "node:dgram does not offer it", cost),
);

/** Datagrams by node:dgram: one a call, and what Node tells of them. */
export class PortableUdp implements Udp {
  /** Tells what node:dgram lacks; nothing is opened. */
  capabilities(): readonly Capability[] {
    return LACKS;
  }

  /** Opens the ports one after the other. */
  async open(options: UdpOptions): Promise<UdpSocket> {
    const settings = settleUdpOptions(options);
    if (settings.sharePorts) {
      throw new NativeIoError("native_io.unsupported", "node:dgram cannot share ports");
    }
    const ports: PortablePort[] = [];
    try {
      for (const endpoint of settings.ports) ports.push(await openPort(endpoint, settings));
    } catch (refusal) {
      for (const { socket } of ports) socket.close();
      throw refusal;
    }
    return new PortableUdpSocket(settings, ports, [...LACKS, ...bufferReport(settings, ports)]);
  }
}

function bufferReport(settings: UdpSettings, ports: readonly PortablePort[]): Capability[] {
  const received = Math.min(...ports.map((port) => port.receiveBufferBytes));
  const sent = Math.min(...ports.map((port) => port.sendBufferBytes));
  return [
    reportBuffer("udp.receive_buffer", received, settings.receiveBufferBytes),
    reportBuffer("udp.send_buffer", sent, settings.sendBufferBytes),
  ];
}
