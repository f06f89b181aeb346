import { asWireError, type ByteStream, type MessagePipe } from "@proj/wire-types";
import { Connection } from "./connection.js";
import type { ConnectionOptions, Role } from "./connection-options.js";
import { XcpError } from "./errors.js";

/**
 * Opens a connection over a transport: resolves when the handshake is done.
 *
 * The transport belongs to the connection from now on, whatever the outcome.
 *
 * @throws XcpError why the handshake failed
 * @throws WireError `wire.closed` when the peer ended it
 */
export function openConnection(
  transport: ByteStream | MessagePipe,
  role: Role,
  options: ConnectionOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let connection: Connection;
    try {
      connection = new Connection(transport, role, options, resolve);
    } catch (error) {
      transport.destroy();
      reject(asWireError(error));
      return;
    }
    void connection.closed.then((error) =>
      reject(error ?? new XcpError("xcp.going_away", "the connection was closed")),
    );
  });
}
