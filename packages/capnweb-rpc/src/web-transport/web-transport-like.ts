import type { ByteStreamPair } from "./byte-stream-transport.js";

/** Says why a WebTransport session was closed. */
export interface WebTransportClose {
  /** 32 bits that the application chose; 0 where it chose none. */
  readonly closeCode?: number | undefined;
  /** At most 1024 bytes of UTF-8. Text of the peer: untrusted. */
  readonly reason?: string | undefined;
}

/** What is asked of a WebTransport: the W3C interface has it, of browsers and of HTTP/3 libraries. §20.6 */
export interface WebTransportLike {
  /** Resolves when streams can be opened; rejects when there is no connection to be had. */
  readonly ready: Promise<unknown>;
  /** Streams that the peer opened. */
  readonly incomingBidirectionalStreams: ReadableStream<ByteStreamPair>;
  /** Opens a stream; rejects when the session is over. */
  createBidirectionalStream(): Promise<ByteStreamPair>;
  /** Ends the session and every stream of it. */
  close(info?: { closeCode?: number; reason?: string }): void;
}

/** A WebTransport that also tells its end, as the W3C interface does. */
export interface WebTransportEnd extends WebTransportLike {
  /** Resolves when the session is over: with what the end that closed it said. */
  readonly closed: Promise<WebTransportClose>;
}

/** What the peer's certificate is held against instead of the host's authorities. */
export interface CertificateHash {
  /** `sha-256`. */
  readonly algorithm: string;
  /** Hash of the certificate in DER. */
  readonly value: Uint8Array<ArrayBuffer>;
}

/** What is passed on to whatever opens a WebTransport. */
export interface WebTransportConnectOptions {
  /** Accepts exactly the certificates with these hashes, whoever signed them. */
  readonly serverCertificateHashes?: CertificateHash[];
}

/** Makes a WebTransport to a URL: the browser's constructor, or that of a library. */
export type WebTransportConstructor = new (
  url: string,
  options?: WebTransportConnectOptions,
) => WebTransportLike;
