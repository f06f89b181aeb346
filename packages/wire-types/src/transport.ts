import type { WireError } from "./errors.js";

/** Where an endpoint is. */
export type Address =
  | { readonly kind: "inet"; readonly host: string; readonly port: number }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "memory"; readonly name: string };

/** What a transport knows about the way to its peer. */
export interface TransportInfo {
  /** The binding: `tcp`, `tls`, `ws`, `h2`, `unix`, `memory`, … */
  readonly transport: string;
  /** The peer's address where the transport has one. */
  readonly peer: Address | undefined;
  /** Whether the transport itself gives confidentiality and integrity. */
  readonly secure: boolean;
  /** Whether both ends are known to be on one host (loopback, Unix socket, in-process). */
  readonly local: boolean;
  /** The authenticated name of the peer, such as its certificate's subject. */
  readonly identity?: string;
  /** RFC 5705 keying material of the session, where the transport is TLS and exposes it. */
  exportKey?(length: number, label: string): Uint8Array;
}

/** What a {@link ByteStream} tells its owner. Nothing is called after `close`. */
export interface ByteStreamHandlers {
  /** Bytes arrived. `bytes` is never reused by the transport: a view of it stays valid. */
  data(bytes: Uint8Array): void;
  /**
   * Bytes arrived in memory that the transport reuses: they are valid during the call only. A transport that reads this
   * way calls it in place of `data`, and copies for owners that do not have it.
   */
  lentData?(bytes: Uint8Array): void;
  /**
   * The transport refers to the memory of `parts`, which one `write` took, no more: their owner may write there again. It
   * may be called inside that write, and is not called for every write, nor by every transport.
   */
  released?(parts: readonly Uint8Array[]): void;
  /** Everything accepted so far left; called after a write returned `false`. */
  drain(): void;
  /** The peer will send no more. This side may still write. */
  end(): void;
  /** The stream is gone, `error` says why if it was not an orderly end on both sides. */
  close(error: WireError | undefined): void;
}

/**
 * A reliable, ordered stream of bytes in both directions.
 *
 * The joint of the suite: TCP, TLS, Unix sockets, HTTP/2 streams, dcQUIC streams and in-process pairs implement it.
 */
export interface ByteStream {
  /** What is known about the connection. */
  readonly info: TransportInfo;
  /** Bytes that were written and have not been handed to the operating system or peer. */
  readonly queuedBytes: number;
  /**
   * Starts delivery to `handlers`, never inside the call. Called exactly once: a second time throws a TypeError.
   * What happened before is not lost: bytes, an end and a close are delivered afterwards.
   */
  open(handlers: ByteStreamHandlers): void;
  /**
   * Sends `parts` in order, as if they were one buffer. They belong to the stream from now on: do not change them
   * unless they are `released`.
   * After `end` or `close` it does nothing.
   *
   * @returns `false` when the caller should wait for `drain` before writing more; the bytes are accepted all the same.
   * A `drain` follows every `false`, whatever is written meanwhile, unless the stream closes first.
   */
  write(parts: readonly Uint8Array[]): boolean;
  /** Sends an orderly end after what was written; reading goes on. */
  end(): void;
  /** Stops delivery soon, so that the peer is slowed down. A few more `data` calls may follow. */
  pause(): void;
  /** Undoes {@link ByteStream.pause}. */
  resume(): void;
  /** Drops the stream at once and calls `close`. */
  destroy(error?: WireError): void;
}

/** What a {@link MessagePipe} tells its owner. Nothing is called after `close`. */
export interface MessagePipeHandlers {
  /** One whole message arrived. `message` is never reused by the transport. */
  message(message: Uint8Array): void;
  /** Everything accepted so far left; called after a send returned `false`. */
  drain(): void;
  /** The pipe is gone, in both directions. */
  close(error: WireError | undefined): void;
}

/** A reliable, ordered sequence of binary messages in both directions: WebSocket, MessagePort, dcQUIC messages. */
export interface MessagePipe {
  /** What is known about the connection. */
  readonly info: TransportInfo;
  /** Bytes that were sent and have not been handed to the operating system or peer. */
  readonly queuedBytes: number;
  /** Starts delivery to `handlers`, exactly once; see {@link ByteStream.open}. */
  open(handlers: MessagePipeHandlers): void;
  /** Sends one message made of `parts`, which belong to the pipe from now on. See {@link ByteStream.write}. */
  send(parts: readonly Uint8Array[]): boolean;
  /** Slows the peer down. */
  pause(): void;
  /** Undoes {@link MessagePipe.pause}. */
  resume(): void;
  /** Ends the pipe in order: what was sent arrives first. `code` and `reason` travel where the transport has them. */
  end(code?: number, reason?: string): void;
  /** Drops the pipe at once and calls `close`. */
  destroy(error?: WireError): void;
}

/** What a {@link DatagramSocket} tells its owner. */
export interface DatagramSocketHandlers {
  /** One datagram arrived. `bytes` is valid during the call only. */
  datagram(bytes: Uint8Array, from: Address): void;
  /** The socket is gone. */
  close(error: WireError | undefined): void;
}

/** Unreliable, unordered datagrams. */
export interface DatagramSocket {
  /** Where this socket receives. */
  readonly local: Address;
  /** Starts delivery, exactly once: a second time throws a TypeError. */
  open(handlers: DatagramSocketHandlers): void;
  /** Sends one datagram or drops it: `false` says that it was dropped here. `bytes` may be reused after the call. */
  send(bytes: Uint8Array, to: Address): boolean;
  /** Stops at once and calls `close`; harmless the second time. From now on `send` answers `false`. */
  close(): void;
}

/** Accepts connections until it is closed. */
export interface Listener {
  /** Where it listens, with the port the system chose. */
  readonly address: Address;
  /** Stops accepting; connections that exist live on. Resolves when the endpoint is released. */
  close(): Promise<void>;
}
