import type { Socket } from "node:net";
import type { ByteStream, TransportInfo } from "@proj/wire-types";
import { DEFAULT_PORT } from "../wire/constants.js";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import { dialSocket, dropSocket } from "./dial-socket.js";
import { type Endpoint, formatEndpoint, isLoopback, peerOf, refuseInsecure } from "./endpoint.js";
import {
  type ListenAddress,
  type ListenOptions,
  listenSocket,
  type SocketListener,
} from "./listen-socket.js";
import { socketStream } from "./socket-stream.js";

/** Options of {@link connectTcp}. */
export interface ConnectTcpOptions extends ConnectOptions {
  /** A name or an address; IPv6 without brackets. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 9944. */
  readonly port?: number;
}

/**
 * Connects over plain TCP.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `allowInsecure`
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`
 * @see spec/xcp.md §20
 */
export async function connectTcp(options: ConnectTcpOptions): Promise<ByteStream> {
  const endpoint = tcpEndpoint(options);
  refuseInsecure(endpoint, "tcp", "connecting to", options.allowInsecure);
  return connectWithin(formatEndpoint(endpoint), options, async (signal) => {
    const { socket } = await dialSocket(endpoint, signal);
    return plainStream(socket, options);
  });
}

/** Options of {@link listenTcp}. */
export interface ListenTcpOptions extends ListenOptions, ListenAddress {}

/**
 * Accepts plain TCP connections.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `allowInsecure`
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §20
 */
export async function listenTcp(
  options: ListenTcpOptions,
  accept: (stream: ByteStream) => void,
): Promise<SocketListener> {
  const endpoint = tcpEndpoint(options);
  refuseInsecure(endpoint, "tcp", "listening at", options.allowInsecure);
  return listenSocket(endpoint, options, (socket) => accept(plainStream(socket, options)));
}

/** The endpoint that `address` means, with its defaults. */
export function tcpEndpoint(
  address: Pick<ListenAddress, "host" | "port">,
): Extract<Endpoint, { kind: "inet" }> {
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

function plainStream(socket: Socket, options: { readonly highWaterBytes?: number }): ByteStream {
  return socketStream(socket, plainInfo(socket, "tcp"), {
    ...options,
    drop: () => dropSocket(socket),
  });
}
