import type { ByteStreamPair } from "./byte-stream-transport.js";

/** Says why a WebTransport session was closed. */
export interface WebTransportClose {
  readonly closeCode?: number | undefined;
  readonly reason?: string | undefined;
}

/** What is asked of a WebTransport: the W3C interface has it, of browsers and of HTTP/3 libraries. §20.6 */
export interface WebTransportLike {
  /** Resolves when streams can be opened; rejects when there is no connection to be had. */
  readonly ready: Promise<unknown>;
  /** Streams that the peer opened. */
  readonly incomingBidirectionalStreams: ReadableStream<ByteStreamPair>;
  createBidirectionalStream(): Promise<ByteStreamPair>;
  close(info?: { closeCode?: number; reason?: string }): void;
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
  readonly serverCertificateHashes?: CertificateHash[];
}

/** Makes a WebTransport to a URL: the browser's constructor, or that of a library. */
export type WebTransportConstructor = new (
  url: string,
  options?: WebTransportConnectOptions,
) => WebTransportLike;
