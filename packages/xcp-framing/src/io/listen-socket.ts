import { lstatSync, unlinkSync } from "node:fs";
import { connect, createServer as createNetServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Listener, type WireError, wireError } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { type ConnectedSocket, plainSocket, securedSocket } from "./connected-socket.js";
import { type Endpoint, formatEndpoint, formatHost, peerOf } from "./endpoint.js";
import { transportError } from "./transport-error.js";
import { type Alpn, type ServerTls, serverTlsOptions } from "./tls-options.js";

/** Milliseconds that a peer may take from connecting to its first stream unless the caller says otherwise. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** What every listener understands. */
export interface ListenOptions {
  /** Connections beyond this are closed at once. Default: no limit but the system's. */
  readonly maxConnections?: number;
  /** Milliseconds that a peer may take for its TLS and HTTP handshakes. Default 10 000. */
  readonly handshakeTimeoutMs?: number;
  /** Learns why one connection failed before it was accepted. Default: nobody does. */
  readonly onError?: (error: WireError) => void;
  /** Queued bytes per stream from which `write` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
}

/** Where a TCP-based listener listens. */
export interface ListenAddress {
  /** Default `127.0.0.1`: a listener leaves this host only when it is told to. */
  readonly host?: string;
  /** 0 lets the system choose. Default 9944. */
  readonly port?: number;
  /** Lets a transport without encryption listen beyond this host. spec/xcp.md §20 */
  readonly allowInsecure?: boolean;
}

/** A `Listener` whose address is one of the system's. */
export interface SocketListener extends Listener {
  /** Where it listens, with the port the system chose. */
  readonly address: Endpoint;
}

/** The handshake limit that `options` choose, in milliseconds. */
export function handshakeTimeoutOf(options: ListenOptions): number {
  return options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
}

/** Accepts plain connections at `endpoint`. */
export async function listenSocket(
  endpoint: Endpoint,
  options: ListenOptions,
  accept: (connected: ConnectedSocket) => void,
): Promise<SocketListener> {
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accept(plainSocket(socket));
  });
  if (endpoint.kind === "path") await removeStaleSocket(endpoint.path);
  return bind(server, endpoint, options);
}

/** Accepts TLS connections at `endpoint`, once their handshake, with `alpn`, is done. */
export async function listenTlsSocket(
  endpoint: Endpoint,
  tls: ServerTls,
  alpn: Alpn,
  options: ListenOptions,
  accept: (connected: ConnectedSocket) => void,
): Promise<SocketListener> {
  // TLS hides the TCP connection below, which only it can reset: known by the peer's address until it is gone.
  const inners = new Map<string, Socket>();
  const server = createTlsServer(
    { ...serverTlsOptions(tls, alpn.name, handshakeTimeoutOf(options)), noDelay: true },
    (socket) => {
      if (!alpn.required || socket.alpnProtocol === alpn.name) {
        accept(securedSocket(socket, inners.get(nameOf(socket))));
        return;
      }
      // A client without ALPN is let through by TLS itself.
      const where = nameOf(socket);
      options.onError?.(
        new XcpError("xcp.version_unsupported", `${where} did not offer ${alpn.name} over TLS`),
      );
      socket.destroy();
    },
  );
  server.on("connection", (inner) => {
    const name = nameOf(inner);
    inners.set(name, inner);
    inner.once("close", () => inners.delete(name));
  });
  server.on("tlsClientError", (error, socket) => {
    // A refused certificate reaches this event as a bare hang-up; the reason lies on the socket.
    const thrown: unknown = socket.authorizationError ?? error;
    const reason = typeof thrown === "string" ? Object.assign(error, { code: thrown }) : thrown;
    options.onError?.(transportError(reason, nameOf(socket), "wire.connection_failed"));
    socket.destroy();
  });
  return bind(server, endpoint, options);
}

function bind(server: Server, endpoint: Endpoint, options: ListenOptions): Promise<SocketListener> {
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  const where = formatEndpoint(endpoint);
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(transportError(error, where, "wire.connection_failed"));
    };
    server.once("error", failed);
    server.listen(
      endpoint.kind === "path"
        ? { path: endpoint.path }
        : { host: endpoint.host, port: endpoint.port },
      () => {
        server.removeListener("error", failed);
        server.on("error", (error) => {
          options.onError?.(transportError(error, where, "wire.connection_failed"));
        });
        resolve({ address: boundAddress(server, endpoint), close: () => release(server) });
      },
    );
  });
}

function boundAddress(server: Server, endpoint: Endpoint): Endpoint {
  const bound = server.address();
  return typeof bound === "object" && bound !== null
    ? { kind: "inet", host: bound.address, port: bound.port }
    : endpoint;
}

// Node closes the handle at once; its callback would wait until every connection is gone, too.
function release(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    setImmediate(resolve);
  });
}

function nameOf(socket: Socket): string {
  const peer = peerOf(socket);
  return peer?.kind === "inet" ? formatHost(peer.host, peer.port) : "a client";
}

/** Removes the socket file that a killed process left behind; leaves every other file alone. */
async function removeStaleSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => resolve(!("code" in error && error.code === "ECONNREFUSED")));
  });
  if (answered) {
    throw wireError("wire.connection_failed", `the address is in use already: ${path}`, {
      details: { code: "EADDRINUSE", endpoint: path },
    });
  }
  unlinkSync(path);
}
