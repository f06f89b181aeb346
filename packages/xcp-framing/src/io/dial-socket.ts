import { connect as connectNet, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { wireError } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { type Endpoint, formatEndpoint } from "./endpoint.js";
import { transportError } from "./transport-error.js";
import { type ClientTls, clientTlsOptions } from "./tls-options.js";

/** A connected socket and the way to drop it so that the peer notices. */
export interface DialledSocket<S extends Socket = Socket> {
  /** Connected; nothing was read yet. */
  readonly socket: S;
  /** Resets the TCP connection: the peer sees an error, not an orderly end. */
  drop(): void;
}

/** Connects to `endpoint`; lets go when `signal` fires. */
export async function dialSocket(endpoint: Endpoint, signal: AbortSignal): Promise<DialledSocket> {
  const socket = connectNet({
    ...(endpoint.kind === "path"
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port, noDelay: true }),
    allowHalfOpen: true,
  });
  await ready(socket, "connect", formatEndpoint(endpoint), signal);
  return { socket, drop: () => dropSocket(socket) };
}

/**
 * Connects to `endpoint` and finishes the TLS handshake, which must agree on `alpn`.
 *
 * @throws XcpError `xcp.auth_failed`, `xcp.version_unsupported`, `xcp.crypt_required` (peer below TLS 1.3)
 */
export async function dialTlsSocket(
  endpoint: Extract<Endpoint, { kind: "inet" }>,
  tls: ClientTls,
  alpn: string,
  signal: AbortSignal,
): Promise<DialledSocket<TLSSocket>> {
  const where = formatEndpoint(endpoint);
  const { socket: inner, drop } = await dialSocket(endpoint, signal);
  const socket = connectTls({ ...clientTlsOptions(tls, endpoint.host, alpn), socket: inner });
  await ready(socket, "secureConnect", where, signal);
  if (socket.alpnProtocol !== alpn) {
    socket.destroy();
    throw new XcpError("xcp.version_unsupported", `${where} does not speak ${alpn} over TLS`, {
      details: { endpoint: where, alpn: String(socket.alpnProtocol) },
    });
  }
  const dropBoth = (): void => {
    drop();
    socket.destroy();
  };
  return { socket, drop: dropBoth };
}

/** Drops `socket` with a reset where the system has one (TCP), else without. */
export function dropSocket(socket: Socket): void {
  // Only TCP has a reset, and only while its handle is its own.
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

function ready(
  socket: Socket,
  event: "connect" | "secureConnect",
  where: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener("abort", abandon);
      socket.removeListener("close", closed);
      socket.removeListener(event, connected);
    };
    const connected = (): void => {
      settle();
      resolve();
    };
    const failed = (error: Error): void => {
      settle();
      reject(transportError(error, where, "wire.connection_failed"));
    };
    const closed = (): void => {
      failed(wireError("wire.connection_failed", `${where} closed the connection at once`));
    };
    const abandon = (): void => {
      socket.destroy();
      failed(wireError("wire.cancelled", `connecting to ${where} was given up`));
    };
    // Stays for good: an error between this promise and the stream's own listener must not be unhandled.
    socket.on("error", failed);
    socket.once("close", closed);
    socket.once(event, connected);
    signal.addEventListener("abort", abandon, { once: true });
  });
}
