/** One way to echo bytes between two processes. */
export interface EchoPeer {
  /** Echoes whatever it is sent; resolves to the port it listens on, on loopback. */
  serve(): Promise<number>;
  /** Opens one connection. */
  connect(port: number): Promise<EchoClient>;
}

/** One connection to an echo server. */
export interface EchoClient {
  /** Sends `payload` and resolves to what comes back. Several may be under way. */
  echo(payload: Uint8Array): Promise<Uint8Array>;
  /** Closes the connection. */
  close(): void;
}
