import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TrafficTally } from "./traffic-tally.js";
import type { Connection, ConnectionNews } from "../../session/connection.js";
import {
  type AcceptedSocket,
  type DirectReading,
  type ReadingSink,
  readByEvents,
} from "./direct-reading.js";

/** What a socket's driver tells its owner. */
export interface SocketHandlers {
  readonly nowUs: () => number;
  /** Counts the bytes. */
  readonly tally: TrafficTally;
  readonly news: (driver: SocketDriver, news: ConnectionNews) => void;
  /** Something arrived or left: sessions may have news, and other sockets something to send. */
  readonly stirred: () => void;
  /** `cause` is what the system or TLS said, if anything. */
  readonly closed: (driver: SocketDriver, cause: Error | undefined) => void;
}

/** Moves bytes between a socket and its connection. It decides nothing. */
export class SocketDriver {
  readonly connection: Connection;
  readonly socket: Socket;
  /** The stream that it became. */
  streamIndex: number | undefined;
  /** Who ended it, once it is gone: `broken` is what the network or the peer's system did. */
  endedBy: "here" | "peer" | "broken" | undefined;
  /** Whether its peer was asked to close it. */
  isUnwanted = false;
  readonly #handlers: SocketHandlers;
  readonly #reading: DirectReading | undefined;
  #isGone = false;

  constructor(
    { socket, reading }: AcceptedSocket,
    connection: Connection,
    handlers: SocketHandlers,
  ) {
    this.socket = socket;
    this.connection = connection;
    this.#handlers = handlers;
    this.#reading = reading;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    if (reading === undefined) socket.on("data", (bytes) => this.#take(bytes));
    else reading.sink = this.#sink();
    socket.on("drain", () => handlers.stirred());
    socket.on("end", () => this.#drop("peer"));
    socket.on("error", (cause) => this.#drop("broken", cause));
    socket.on("close", () => this.#drop("broken"));
  }

  /** Writes what there is to write, as far as the socket takes it. */
  pump(): void {
    if (this.#isGone) return;
    const { socket } = this;
    while (!socket.writableNeedDrain) {
      const parts = this.connection.transmit(this.#handlers.nowUs(), socket.writableLength);
      if (parts === undefined) return;
      if (parts.length > 1) socket.cork();
      for (const part of parts) {
        this.#handlers.tally.sentBytes += part.length;
        socket.write(part);
      }
      if (parts.length > 1) socket.uncork();
    }
  }

  /** Gives the socket to somebody else. */
  release(): Socket {
    this.#isGone = true;
    this.socket.removeAllListeners();
    return this.#reading === undefined ? this.socket : readByEvents(this.socket);
  }

  /** Says what is queued and closes. */
  end(): void {
    this.pump();
    this.socket.end();
    this.drop();
  }

  /** Closes at once; what the kernel still holds is thrown away, and the peer hears of it. */
  reset(): void {
    // Only a bare socket can say so.
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
    this.#drop("here");
  }

  /** Closes at once. */
  drop(): void {
    this.#drop("here");
  }

  #drop(endedBy: "here" | "peer" | "broken", cause?: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.endedBy = endedBy;
    this.connection.gone(this.#handlers.nowUs());
    if (this.socket.writableLength === 0) this.socket.destroy();
    else this.socket.destroySoon();
    this.#handlers.closed(this, cause);
  }

  #sink(): ReadingSink {
    const { connection } = this;
    const { nowUs } = this.#handlers;
    return {
      get space() {
        return connection.space;
      },
      filled: (bytes) => this.#took(bytes, connection.received(nowUs(), bytes)),
      lent: (bytes) => this.#took(bytes.length, connection.receive(nowUs(), bytes, "lent")),
    };
  }

  #take(bytes: Uint8Array): void {
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#took(bytes.length, this.connection.receive(this.#handlers.nowUs(), plain));
  }

  #took(bytes: number, led: readonly ConnectionNews[]): void {
    this.#handlers.tally.receivedBytes += bytes;
    for (const news of led) this.#handlers.news(this, news);
    this.#handlers.stirred();
  }
}
