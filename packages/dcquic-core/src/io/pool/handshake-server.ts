import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { asWireError } from "@proj/wire-types";

const BACKLOG = 512;

/** Where handshakes are answered, and how many at a time. */
export interface HandshakesAt {
  /** The addresses; at least one. */
  readonly hosts: readonly string[];
  /** The port at each of them. */
  readonly port: number;
  /** How many run at a time, over all addresses. */
  readonly maxConcurrent: number;
}

/**
 * Takes the TCP connections on which peers make paths, so many at a time, at every address of a pool: one that cannot be reached
 * keeps nobody out who knows another.
 *
 * @see spec/dcquic.md §7.1, §7.2, §18
 */
export class HandshakeServer {
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  private constructor(
    { hosts, maxConcurrent }: HandshakesAt,
    talk: (socket: Socket) => Promise<void>,
  ) {
    const take = (socket: Socket): void => {
      // What a broken connection means, the handshake on it says.
      socket.on("error", () => {});
      if (this.#sockets.size >= maxConcurrent) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      void talk(socket);
    };
    this.#servers = hosts.map(() => createServer(take));
  }

  /**
   * Listens at every address, or at none; `talk` has to end each connection, and must not reject.
   *
   * @throws WireError `wire.connection_failed`
   */
  static async listen(
    at: HandshakesAt,
    talk: (socket: Socket) => Promise<void>,
  ): Promise<HandshakeServer> {
    const made = new HandshakeServer(at, talk);
    try {
      for (const [index, server] of made.#servers.entries()) {
        const listening = once(server, "listening");
        server.listen({ host: at.hosts[index], port: at.port, backlog: BACKLOG });
        await listening;
      }
      return made;
    } catch (error) {
      await made.close();
      throw asWireError(error, "wire.connection_failed");
    }
  }

  /** Takes no more connections and drops those that are under way. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    await Promise.all(closed);
  }
}
