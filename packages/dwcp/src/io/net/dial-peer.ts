import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { DwcpError } from "../../errors.js";
import { ALPN } from "../../wire/preface.js";
import { dialFailure } from "./dial-failure.js";
import type { PeerAddress } from "./link-options.js";

/** How a peer is connected to. */
export interface DialOptions {
  /** How long a connection may take. */
  readonly connectTimeoutMs: number;
  /** TLS from the first byte, where it is wanted. */
  readonly tls?: ConnectionOptions;
}

/** What hears how it went: one of both, once. */
export interface DialListener {
  readonly connected: (socket: Socket) => void;
  /** The socket is destroyed. */
  readonly failed: (socket: Socket, error: DwcpError) => void;
}

/** Connects to a peer, by TCP or by TLS 1.3, and gives the socket at once: whoever destroys it hears nothing more. */
export function dialPeer(
  address: PeerAddress,
  { tls, connectTimeoutMs }: DialOptions,
  listener: DialListener,
): Socket {
  const { host, port } = address;
  const options = { host, port, timeout: connectTimeoutMs };
  const socket: Socket =
    tls === undefined
      ? connectTcp(options)
      : connectTls({ minVersion: "TLSv1.3", ALPNProtocols: [ALPN], ...tls, ...options });
  let stage: "connecting" | "securing" = "connecting";
  const failed = (cause?: Error) => {
    // What follows, such as the error of a socket that timed out, is no news.
    socket
      .off("error", failed)
      .off("timeout", failed)
      .on("error", () => undefined);
    socket.destroy();
    listener.failed(socket, dialFailure(address, cause, stage));
  };
  socket.once("connect", () => (stage = "securing"));
  socket.once("error", failed);
  socket.once("timeout", failed);
  socket.once(tls === undefined ? "connect" : "secureConnect", () => {
    socket.off("error", failed).off("timeout", failed);
    socket.setTimeout(0);
    listener.connected(socket);
  });
  return socket;
}
