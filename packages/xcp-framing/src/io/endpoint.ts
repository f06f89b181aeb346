import { isIP, type Socket } from "node:net";
import type { Address, TransportInfo } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { DEFAULT_PORT } from "../wire/constants.js";

/** A host and a port. */
export type InetEndpoint = Extract<Endpoint, { readonly kind: "inet" }>;

/** What a socket can be connected to or bound to: a host and port, or the path of a Unix socket. */
export type Endpoint = Extract<Address, { readonly kind: "inet" | "path" }>;

/** Formats `endpoint` for people and URLs; IPv6 addresses get their brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === "path" ? endpoint.path : formatHost(endpoint.host, endpoint.port);
}

/** Formats `host:port`, with brackets around an IPv6 address. */
export function formatHost(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Tells whether `host` names this host and nothing else: an address in 127/8, `::1`, or `localhost` (RFC 6761).
 *
 * Any other name is not, whatever it resolves to now: that may change.
 */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, "");
  if (isIP(plain) === 4) return plain.startsWith("127.");
  return plain === "::1" || plain === "localhost" || plain.endsWith(".localhost");
}

/**
 * Refuses an unprotected transport that would leave this host. spec/xcp.md §20
 *
 * @param doing Opens the sentence of the refusal: `connecting to`, `listening at`.
 * @throws XcpError `xcp.crypt_required`
 */
export function refuseInsecure(
  endpoint: Endpoint,
  transport: string,
  doing: string,
  allowInsecure: boolean | undefined,
): void {
  if (allowInsecure === true || endpoint.kind === "path" || isLoopback(endpoint.host)) return;
  throw new XcpError(
    "xcp.crypt_required",
    `${doing} ${formatEndpoint(endpoint)} over ${transport} would leave this host without encryption: ` +
      "use TLS, or set allowInsecure if something else protects the way",
    { details: { transport, host: endpoint.host, port: endpoint.port } },
  );
}

/** Where the other end of a connected `socket` is, as far as the system says. */
export function peerOf(socket: Socket): Endpoint | undefined {
  const { remoteAddress: host, remotePort: port } = socket;
  return host === undefined || port === undefined ? undefined : { kind: "inet", host, port };
}

/** The endpoint that `address` means, with its defaults. */
export function tcpEndpoint(address: {
  readonly host?: string;
  readonly port?: number;
}): InetEndpoint {
  return {
    kind: "inet",
    host: address.host ?? "127.0.0.1",
    port: address.port ?? DEFAULT_PORT,
  };
}

/** What is known about a peer over plain TCP. */
export function plainInfo(socket: Socket, transport: string): TransportInfo {
  return {
    transport,
    peer: peerOf(socket),
    secure: false,
    local: isLoopback(socket.remoteAddress ?? ""),
  };
}
