import { available, type Capability, missing } from "../capability.js";

/** What is lost with each option; the names are those of the capabilities of a socket. */
export const UDP_COSTS = {
  "udp.gso": "one traversal of the kernel per datagram sent",
  "udp.gro": "one traversal of the kernel per datagram received",
  "udp.ecn_read": "congestion shows as loss only",
  "udp.ecn_write": "routers drop what they could have marked",
  "udp.errors": "a dead peer shows by its silence only",
  "udp.path_mtu_probe": "datagrams stay at the size that passes everywhere",
  "udp.drops": "loss in this machine looks like loss on the way",
  "udp.busy_poll": "a wait ends an interrupt later",
  "udp.prefer_busy_poll": "interrupts disturb busy polling",
  "udp.wait": "no thread can sleep until a datagram comes; watch calls back",
} as const;

/** An option that is there or not. */
export type UdpCapabilityName = keyof typeof UDP_COSTS;

/** Reports how much of a wanted buffer the system granted. */
export function reportBuffer(name: string, grantedBytes: number, wantedBytes: number): Capability {
  const reason = `${grantedBytes} of ${wantedBytes} bytes`;
  if (grantedBytes >= wantedBytes) return available(name, reason);
  return missing(name, reason, "bursts longer than the buffer are lost in this machine");
}
