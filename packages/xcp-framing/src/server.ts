import { asWireError, type ByteStream, type MessagePipe, type WireError } from "@proj/wire-types";
import type { RotationOptions } from "./client-options.js";
import type { Connection } from "./connection.js";
import { onKeysOld } from "./key-age.js";
import { openConnection } from "./open-connection.js";
import type { ConnectionOptions } from "./connection-options.js";
import { resolveXcpLimits } from "./limits.js";
import { SessionStore } from "./session-memory.js";

/** How a server treats everyone who connects. */
export interface ServerOptions extends ConnectionOptions {
  /** Connections at most, counting those still in their handshake. Default 1024. */
  readonly maxConnections?: number;
  /** When a connection over TLS is closed in order, so that its peer opens one with new keys. `never` lets it live for ever. */
  readonly rotation?: "never" | RotationOptions;
  /** Learns of every connection whose handshake succeeded. */
  readonly onConnection?: (connection: Connection) => void;
  /** Learns of transports that never became a connection. */
  readonly onRefused?: (error: WireError) => void;
}

const DEFAULT_MAX_CONNECTIONS = 1024;

/**
 * Serves XCP on the transports it is given, each on its own: whatever a peer does ends at most its own connection.
 *
 * Sessions outlive their connections by 5 minutes, so that peers can come back. spec/xcp.md §10
 */
export class XcpServer {
  readonly #options: ServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #maxConnections: number;
  #handshakes = 0;
  #closing = false;

  /** @throws RangeError for limits out of range */
  constructor(options: ServerOptions) {
    const limits = resolveXcpLimits(options.limits);
    this.#options = {
      ...options,
      sessions: options.sessions ?? new SessionStore({ keepMs: limits.sessionKeepMs }),
    };
    this.#maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  }

  /** Connections that are open. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Takes over a transport on which a peer connected. Never throws; a server that is full or closing drops it. */
  serve(transport: ByteStream | MessagePipe): void {
    if (this.#closing || this.#connections.size + this.#handshakes >= this.#maxConnections) {
      transport.destroy();
      return;
    }
    this.#handshakes++;
    openConnection(transport, "responder", this.#options).then(
      (connection) => this.#adopt(connection),
      (error: unknown) => this.#refused(asWireError(error)),
    );
  }

  /** Ends in order: GOAWAY to everyone, what is under way finishes, at most 5 s. Later transports are dropped. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** Drops every connection at once. */
  destroy(): void {
    this.#closing = true;
    for (const connection of this.#connections) connection.destroy();
  }

  #refused(error: WireError): void {
    this.#handshakes--;
    this.#options.onRefused?.(error);
  }

  #adopt(connection: Connection): void {
    this.#handshakes--;
    if (this.#closing) {
      void connection.close();
      return;
    }
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    onKeysOld(connection, this.#options, () => void connection.close());
    this.#options.onConnection?.(connection);
  }
}
