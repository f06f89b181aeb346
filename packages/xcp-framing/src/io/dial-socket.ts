import { connect as connectNet, type NetConnectOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { wireError } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { type ConnectedSocket, plainSocket, securedSocket } from "./connected-socket.js";
import { type Endpoint, formatEndpoint, type InetEndpoint } from "./endpoint.js";
import { LentReads } from "./lent-reads.js";
import { transportError } from "./transport-error.js";
import { type Alpn, type ClientTls, clientTlsOptions } from "./tls-options.js";

/** Connects to `endpoint`; lets go when `signal` fires. */
export async function dialSocket(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<ConnectedSocket> {
  const socket = connectNet(connectOptions(endpoint));
  await ready(socket, "connect", formatEndpoint(endpoint), signal);
  return plainSocket(socket);
}

/** Connects to `endpoint` as {@link dialSocket} does, for a stream of its own that nothing else reads. */
export async function dialOwnSocket(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<ConnectedSocket> {
  const reads = new LentReads();
  const socket = connectNet({ ...connectOptions(endpoint), onread: reads.onread });
  socket.pause();
  await ready(socket, "connect", formatEndpoint(endpoint), signal);
  return { ...plainSocket(socket), reads };
}

function connectOptions(endpoint: Endpoint): NetConnectOpts {
  return {
    ...(endpoint.kind === "path"
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port, noDelay: true }),
    allowHalfOpen: true,
  };
}

/**
 * Connects to `endpoint` and finishes the TLS handshake, with `alpn`.
 *
 * @throws XcpError `xcp.auth_failed`, `xcp.version_unsupported`, `xcp.crypt_required` (peer below TLS 1.3)
 */
export async function dialTlsSocket(
  endpoint: InetEndpoint,
  tls: ClientTls,
  alpn: Alpn,
  signal: AbortSignal,
): Promise<ConnectedSocket> {
  const where = formatEndpoint(endpoint);
  const { socket: inner } = await dialSocket(endpoint, signal);
  const socket = connectTls({ ...clientTlsOptions(tls, endpoint.host, alpn.name), socket: inner });
  await ready(socket, "secureConnect", where, signal);
  if (alpn.required && socket.alpnProtocol !== alpn.name) {
    socket.destroy();
    throw new XcpError("xcp.version_unsupported", `${where} does not speak ${alpn.name} over TLS`, {
      details: { endpoint: where, alpn: String(socket.alpnProtocol) },
    });
  }
  const connected = securedSocket(socket, inner);
  // Not in this turn: a reset that crosses the server's session tickets fails their write, and that error, which Node
  // passes on to nobody, was all the server would have learnt of it.
  return { ...connected, drop: () => void setImmediate(connected.drop) };
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
