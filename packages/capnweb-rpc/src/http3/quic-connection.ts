/** A stream of QUIC; one direction is missing where it is unidirectional. */
export interface QuicStream {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array> | undefined;
  readonly writable: WritableStream<Uint8Array> | undefined;
}

/** What HTTP/3 needs of a QUIC connection whose handshake is done. */
export interface QuicConnection {
  /** Opens a stream; `undefined` where the peer allows no further one. */
  openStream(kind: "bidirectional" | "unidirectional"): QuicStream | undefined;
  /** Takes streams that the peer opens, those that are there already first. */
  onStream(take: (stream: QuicStream) => void): void;
  /** Ends the connection with a code of HTTP/3. */
  close(code: number, reason: string): void;
  /** Resolves with the reason when the connection is over, whoever ended it. */
  readonly closed: Promise<Error>;
}
