import { isIP, type Socket } from "node:net";
import type { Address, TransportInfo } from "@proj/wire-types";
import { isLoopback } from "../loopback.js";
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
