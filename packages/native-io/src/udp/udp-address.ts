import { isIPv4, isIPv6, SocketAddress } from "node:net";
import type { UdpAddress } from "./udp.js";

/** An address as the addon takes it. */
export interface UdpEndpoint {
  /** 16 bytes of IPv6; IPv4 in the range ::ffff:0:0/96. */
  readonly ip: Uint8Array;
  readonly port: number;
  /** The number of the interface that a link-local address belongs to, or 0. */
  readonly scope: number;
}

/**
 * Reads an address; only a number is one, since a name would have to be looked up.
 *
 * @throws TypeError or RangeError.
 */
export function parseUdpAddress(address: UdpAddress): UdpEndpoint {
  const { host, port } = address;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`port ${port} is not in 0–65535`);
  }
  if (isIPv4(host)) return { ip: mapped(host), port, scope: 0 };
  const [ip = "", ...zones] = host.split("%");
  if (!isIPv6(ip) || zones.length > 1)
    throw new TypeError(`${JSON.stringify(host)} is no IP address`);
  return { ip: parseIpv6(ip), port, scope: parseScope(zones[0], host) };
}

/** Writes an address in its usual form: IPv4 in dots, IPv6 in its shortest form. */
export function formatUdpAddress({ ip, port, scope }: UdpEndpoint): UdpAddress {
  if (isMapped(ip)) return { host: ip.subarray(12).join("."), port };
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((ip[2 * i] ?? 0) << 8) | (ip[2 * i + 1] ?? 0)).toString(16),
  );
  const { address } = new SocketAddress({ address: groups.join(":"), family: "ipv6" });
  return { host: scope === 0 ? address : `${address}%${scope}`, port };
}

/** Tells whether 16 bytes hold an IPv4 address. */
export function isMapped(ip: Uint8Array): boolean {
  return ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff;
}

function mapped(host: string): Uint8Array {
  const ip = new Uint8Array(16);
  ip.fill(0xff, 10, 12);
  ip.set(host.split(".").map(Number), 12);
  return ip;
}

// The text was found to be an IPv6 address: at most one "::", at most eight groups, perhaps IPv4 at the end.
function parseIpv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const ip = new Uint8Array(16);
  ip.set(front);
  ip.set(back, 16 - back.length);
  return ip;
}

function groupsOf(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function parseScope(zone: string | undefined, host: string): number {
  if (zone === undefined) return 0;
  const scope = /^\d{1,9}$/.test(zone) ? Number(zone) : -1;
  if (scope < 0) throw new TypeError(`the scope of ${JSON.stringify(host)} is not a number`);
  return scope;
}
