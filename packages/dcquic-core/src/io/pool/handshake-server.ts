import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { asWireError } from "@proj/wire-types";

const BACKLOG = 512;

/**
 * Takes the TCP connections on which peers make paths, so many at a time; more wait in the system's backlog.
 *
 * @see spec/dcquic.md §7.1, §7.2
 */
export class HandshakeServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(maxConcurrent: number, talk: (socket: Socket) => Promise<void>) {
    this.#server = createServer((socket) => {
      // What a broken connection means, the handshake on it says.
      socket.on("error", () => {});
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      void talk(socket);
    });
    this.#server.maxConnections = maxConcurrent;
  }

  /**
   * Listens; `talk` has to end each connection, and must not reject.
   *
   * @throws WireError `wire.connection_failed`
   */
  static async listen(
    at: { readonly host: string; readonly port: number; readonly maxConcurrent: number },
    talk: (socket: Socket) => Promise<void>,
  ): Promise<HandshakeServer> {
    const { host, port, maxConcurrent } = at;
    const made = new HandshakeServer(maxConcurrent, talk);
    try {
      const listening = once(made.#server, "listening");
      made.#server.listen({ host, port, backlog: BACKLOG });
      await listening;
      return made;
    } catch (error) {
      throw asWireError(error, "wire.connection_failed");
    }
  }

  /** Takes no more connections and drops those that are under way. */
  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
