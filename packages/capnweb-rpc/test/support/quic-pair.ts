import type { QuicConnection, QuicStream } from "#src/http3/quic-connection.js";

/** One end of a QUIC connection without a network. */
export class QuicEnd implements QuicConnection {
  readonly closed: Promise<Error>;
  /** With what this end or the other closed the connection. */
  code: number | undefined;
  #take: ((stream: QuicStream) => void) | undefined;
  #early: QuicStream[] = [];
  #peer: QuicEnd | undefined;
  #opened = 0;
  readonly #role: number;
  #settle: (reason: Error) => void = () => undefined;

  private constructor(role: 0 | 1) {
    this.#role = role;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Makes the ends of a client and a server. */
  static pair(): { readonly client: QuicEnd; readonly server: QuicEnd } {
    const [client, server] = [new QuicEnd(0), new QuicEnd(1)];
    client.#peer = server;
    server.#peer = client;
    return { client, server };
  }

  openStream(kind: "bidirectional" | "unidirectional"): QuicStream {
    const both = kind === "bidirectional";
    const id = this.#opened++ * 4 + this.#role + (both ? 0 : 2);
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = both ? new TransformStream<Uint8Array, Uint8Array>() : undefined;
    this.#peer?.deliver({ id, readable: there.readable, writable: back?.writable });
    return { id, readable: back?.readable, writable: there.writable };
  }

  onStream(take: (stream: QuicStream) => void): void {
    this.#take = take;
    for (const stream of this.#early.splice(0)) take(stream);
  }

  close(code: number, reason: string): void {
    if (this.code !== undefined) return;
    this.code = code;
    this.#settle(new Error(`closed: ${code} ${reason}`));
    this.#peer?.close(code, reason);
  }

  deliver(stream: QuicStream): void {
    if (this.#take === undefined) this.#early.push(stream);
    else this.#take(stream);
  }
}
