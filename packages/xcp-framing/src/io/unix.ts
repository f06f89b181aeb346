import type { ByteStream, TransportInfo } from "@proj/wire-types";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { dialOwnSocket } from "./dial-socket.js";
import type { Endpoint } from "./endpoint.js";
import { type ListenOptions, listenSocket, type SocketListener } from "./listen-socket.js";
import { plainStream } from "./socket-stream.js";

/** Options of {@link connectUnix}. */
export interface ConnectUnixOptions extends ConnectOptions {
  /** The path of the socket; at most 107 bytes on Linux. */
  readonly path: string;
}

/**
 * Connects to a Unix socket.
 *
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`
 * @see spec/xcp.md §20
 */
export async function connectUnix(options: ConnectUnixOptions): Promise<ByteStream> {
  const endpoint: Endpoint = { kind: "path", path: options.path };
  return connectWithin(options.path, options, async (signal) => {
    return unixStream(await dialOwnSocket(endpoint, signal), endpoint, options);
  });
}

/** Options of {@link listenUnix}. */
export interface ListenUnixOptions extends ListenOptions {
  /**
   * Where to create the socket, with the permissions that the process's umask leaves. A socket there that nobody
   * listens at, left by a killed process, is replaced; any other file is left alone.
   */
  readonly path: string;
}

/**
 * Accepts connections at a Unix socket, which disappears with the listener.
 *
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §20
 */
export async function listenUnix(
  options: ListenUnixOptions,
  accept: (stream: ByteStream) => void,
): Promise<SocketListener> {
  const endpoint: Endpoint = { kind: "path", path: options.path };
  return listenSocket(endpoint, options, (connected) =>
    accept(unixStream(connected, endpoint, options)),
  );
}

// What never leaves the host is as confidential as the host: `secure`.
function unixStream(
  connected: ConnectedSocket,
  peer: Endpoint,
  options: { readonly highWaterBytes?: number },
): ByteStream {
  const info: TransportInfo = { transport: "unix", peer, secure: true, local: true };
  return plainStream(connected, info, options);
}
