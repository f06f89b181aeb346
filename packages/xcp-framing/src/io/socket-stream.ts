import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  type ByteStream,
  type ByteStreamHandlers,
  type TransportInfo,
  type WireError,
  wireError,
} from "@proj/wire-types";
import { transportError } from "./transport-error.js";
import type { ConnectedSocket } from "./connected-socket.js";
import type { LentReads } from "./lent-reads.js";
import { PartWriter } from "./part-writer.js";

/** Queued bytes from which `write` answers `false`, unless the caller chooses. Above every default of Node. */
export const HIGH_WATER_BYTES = 262_144;

const NOTHING = new Uint8Array(0);

/** Options of {@link socketStream}. */
export interface SocketStreamOptions {
  /** Queued bytes from which `write` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
  /** Drops the socket at once, so that the peer notices where the transport can tell. Default: its `destroy`. */
  readonly drop?: () => void;
}

/**
 * Makes a `ByteStream` of a connected socket: `net.Socket`, `TLSSocket`, an HTTP/2 stream or any byte Duplex.
 *
 * The socket belongs to the stream from now on. Create it with `allowHalfOpen`, or reading ends writing too.
 */
export function socketStream(
  socket: Duplex,
  info: TransportInfo,
  options: SocketStreamOptions = {},
): ByteStream {
  return new SocketStream(socket, info, options, undefined);
}

/** Makes a `ByteStream` as {@link socketStream} does, of a socket that may be read by `reads` in place of its events. */
export function plainStream(
  { socket, reads }: Pick<ConnectedSocket, "socket" | "reads">,
  info: TransportInfo,
  options: SocketStreamOptions,
): ByteStream {
  return new SocketStream(socket, info, options, reads);
}

class SocketStream implements ByteStream {
  readonly info: TransportInfo;
  readonly #socket: Duplex;
  readonly #writer: PartWriter;
  readonly #reads: LentReads | undefined;
  readonly #highWaterBytes: number;
  readonly #drop: () => void;
  #handlers: ByteStreamHandlers | undefined;
  #failure: unknown;
  #endReceived = false;
  #endSent = false;
  #owesDrain = false;
  #closed = false;
  // Set when the socket was gone before anybody listened: `open` passes it on.
  #missedClose: { readonly error: WireError | undefined } | undefined;

  constructor(
    socket: Duplex,
    info: TransportInfo,
    options: SocketStreamOptions,
    reads: LentReads | undefined,
  ) {
    this.info = info;
    this.#socket = socket;
    this.#writer = new PartWriter(socket);
    this.#reads = reads;
    this.#highWaterBytes = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.#drop = options.drop ?? (() => void socket.destroy());
    this.#failure = socket.errored ?? undefined;
    socket.on("error", (error) => {
      this.#failure ??= error;
      // After an alert TLS would go on to an ordinary end.
      socket.destroy();
    });
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#gone());
    if (socket.closed) this.#gone();
  }

  get queuedBytes(): number {
    return this.#closed ? 0 : this.#socket.writableLength;
  }

  open(handlers: ByteStreamHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the stream is open already");
    this.#handlers = handlers;
    const missed = this.#missedClose;
    if (missed !== undefined) {
      queueMicrotask(() => handlers.close(missed.error));
      return;
    }
    if (this.#closed) return;
    if (this.#endReceived) {
      queueMicrotask(() => {
        if (!this.#closed) handlers.end();
      });
    }
    const socket = this.#socket;
    socket.on("drain", () => this.#drained());
    if (handlers.released !== undefined) {
      this.#writer.onReleased((parts) => {
        if (!this.#closed) handlers.released?.(parts);
      });
    }
    if (this.#reads !== undefined) {
      this.#reads.listen((bytes) => {
        if (this.#closed) return;
        if (handlers.lentData === undefined) handlers.data(new Uint8Array(bytes));
        else handlers.lentData(bytes);
      });
      socket.resume();
      return;
    }
    socket.on("data", (chunk: Buffer) => {
      // A plain view: Buffer's own `slice` and `toString` mean something else than the core expects.
      if (!this.#closed) {
        handlers.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      }
    });
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (this.#closed || this.#endSent || socket.destroyed) return true;
    this.#writer.write(parts);
    this.#owesDrain ||= socket.writableLength >= this.#highWaterBytes;
    return !this.#owesDrain;
  }

  end(): void {
    if (this.#closed || this.#endSent) return;
    this.#endSent = true;
    this.#socket.end();
  }

  pause(): void {
    if (this.#closed) return;
    if (this.#reads !== undefined) this.#reads.flowing = false;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#reads !== undefined) this.#reads.flowing = true;
    if (!this.#closed && this.#handlers !== undefined) this.#socket.resume();
  }

  destroy(error?: WireError): void {
    if (this.#closed) return;
    this.#close(error);
    this.#drop();
  }

  #drained(): void {
    this.#writer.drained();
    if (!this.#owesDrain || this.#closed) return;
    this.#owesDrain = false;
    this.#handlers?.drain();
  }

  #ended(): void {
    // An HTTP/2 stream that was reset ends its readable side as if all had come.
    if (this.#closed || this.#failure !== undefined || resetCode(this.#socket) !== 0) return;
    this.#endReceived = true;
    // Tells an ended peer from a dropped one: writing, even nothing, fails once the peer reads no more. A Unix socket
    // has no other sign of it, and a reset of TCP may have been swallowed by an earlier write.
    if (this.#socket instanceof Socket && !this.#endSent) this.#socket.write(NOTHING);
    this.#handlers?.end();
  }

  #gone(): void {
    if (this.#closed) return;
    this.#close(this.#reason());
  }

  #reason(): WireError | undefined {
    const where = this.#peerName();
    if (this.#failure !== undefined) return transportError(this.#failure, where, "wire.closed");
    const code = resetCode(this.#socket);
    if (code !== 0) {
      const details = { rstCode: code };
      return wireError("wire.closed", `the stream was reset by ${where}`, { details });
    }
    if (this.#endReceived && this.#endSent) return undefined;
    return wireError("wire.closed", `the connection was dropped by ${where}`);
  }

  #peerName(): string {
    const { peer, transport } = this.info;
    switch (peer?.kind) {
      case "inet":
        return `${peer.host}:${peer.port}`;
      case "path":
        return peer.path;
      case "url":
        return peer.url;
      case "memory":
        return peer.name;
      case undefined:
        return `the ${transport} peer`;
    }
  }

  #close(error: WireError | undefined): void {
    this.#closed = true;
    if (this.#handlers === undefined) this.#missedClose = { error };
    else this.#handlers.close(error);
  }
}

function resetCode(stream: Duplex): number {
  return "rstCode" in stream && typeof stream.rstCode === "number" ? stream.rstCode : 0;
}
