import type { CpuTime } from "@proj/bench";

/** One way to echo bytes between two processes of Node. */
export interface EchoPeer {
  /** Echoes whatever it is sent; resolves to the port it listens on, on loopback. */
  serve(): Promise<number>;
  /** Opens one connection. */
  connect(port: number): Promise<EchoClient>;
}

/** One way to echo bytes with a server that is another program. */
export interface ForeignEchoPeer {
  /** Starts the server in a process of its own. */
  start(): Promise<EchoServer>;
  /** Opens one connection. */
  connect(port: number): Promise<EchoClient>;
}

/** An echo server in a process of its own. */
export interface EchoServer {
  /** Where it listens, on loopback. */
  readonly port: number;
  /** Its CPU time so far. */
  cpu(): Promise<CpuTime>;
  /** Ends it. */
  close(): Promise<void>;
}

/** One connection to an echo server. */
export interface EchoClient {
  /** Sends `payload` and resolves to what comes back. Several may be under way. */
  echo(payload: Uint8Array): Promise<Uint8Array>;
  /** Closes the connection. */
  close(): void;
}
