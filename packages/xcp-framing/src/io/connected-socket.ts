import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { TransportInfo } from "@proj/wire-types";
import { plainInfo } from "./endpoint.js";
import type { LentReads } from "./lent-reads.js";
import { tlsInfo } from "./tls-options.js";

/** A socket that is ready for its transport: connected, secured, nothing read yet. */
export interface ConnectedSocket {
  /** Carries the bytes. */
  readonly socket: Socket;
  /** Reads it, where that is not done by its events. */
  readonly reads?: LentReads;
  /** Describes the connection under the name of the transport that uses it. */
  info(transport: string): TransportInfo;
  /** Drops it with a reset where the system has one (TCP), so that the peer sees an error and not an orderly end. */
  drop(): void;
}

/** Makes a {@link ConnectedSocket} without encryption. */
export function plainSocket(socket: Socket): ConnectedSocket {
  return {
    socket,
    info: (transport) => plainInfo(socket, transport),
    drop: () => dropSocket(socket),
  };
}

/** Makes a {@link ConnectedSocket} of TLS over the TCP connection `inner`, which TLS alone could not reset. */
export function securedSocket(socket: TLSSocket, inner: Socket | undefined): ConnectedSocket {
  return {
    socket,
    info: (transport) => tlsInfo(socket, transport),
    // TLS goes with the connection below it; destroying both at once crashes Node 20.
    drop: () => dropSocket(inner ?? socket),
  };
}

function dropSocket(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // Not TCP: a Unix socket has no reset.
    socket.destroy();
  }
}
