import type { ByteStreamPair } from "./byte-stream-transport.js";
import type { WebTransportClose, WebTransportEnd } from "./web-transport-like.js";

/** One end of a connection inside one process. */
class PairedWebTransport implements WebTransportEnd {
  readonly ready: Promise<void> = Promise.resolve();
  readonly closed: Promise<WebTransportClose>;
  readonly incomingBidirectionalStreams: ReadableStream<ByteStreamPair>;
  readonly #close: (info: WebTransportClose) => void;
  #incoming: ReadableStreamDefaultController<ByteStreamPair> | undefined;
  #peer: PairedWebTransport | undefined;
  #ended = false;

  constructor() {
    const { promise, resolve } = newClosing();
    this.closed = promise;
    this.#close = resolve;
    this.incomingBidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.#incoming = controller;
      },
    });
  }

  join(peer: PairedWebTransport): void {
    this.#peer = peer;
  }

  createBidirectionalStream(): Promise<ByteStreamPair> {
    if (this.#ended) return Promise.reject(new Error("The WebTransport is closed."));
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    this.#peer?.take({ readable: there.readable, writable: back.writable });
    return Promise.resolve({ readable: back.readable, writable: there.writable });
  }

  close(info: WebTransportClose = {}): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#incoming?.close();
    this.#close(info);
    this.#peer?.close(info);
  }

  take(stream: ByteStreamPair): void {
    this.#incoming?.enqueue(stream);
  }
}

/** Two ends, joined in this process: the client's, and the server's. */
export interface WebTransportPair {
  /** Give it to `newWebTransportRpcSession`. */
  readonly client: WebTransportEnd;
  /** Give it to `acceptWebTransportRpcSession`. */
  readonly server: WebTransportEnd;
}

/** Makes a connection without a network, for tests. Streams that are open outlive its close. §20.6 */
export function webTransportPair(): WebTransportPair {
  const client = new PairedWebTransport();
  const server = new PairedWebTransport();
  client.join(server);
  server.join(client);
  return { client, server };
}

function newClosing(): {
  readonly promise: Promise<WebTransportClose>;
  readonly resolve: (info: WebTransportClose) => void;
} {
  let resolve: (info: WebTransportClose) => void = () => undefined;
  const promise = new Promise<WebTransportClose>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
