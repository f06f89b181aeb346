import {
  connect,
  type ClientHttp2Session,
  createServer,
  type IncomingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";

/** What a server answers to one body. */
export type BodyHandler = (body: Uint8Array, headers: IncomingHttpHeaders) => Uint8Array;

/** A running plain HTTP/2 server. */
export interface Http2Server {
  readonly port: number;
  close(): Promise<void>;
}

/** Windows that do not stop a body of a few MiB: HTTP/2's defaults would, and nobody benchmarks with them. */
const WINDOW_BYTES = 16 * 1024 * 1024;
const settings = { initialWindowSize: WINDOW_BYTES, maxFrameSize: 1_048_576 };

/** Serves `POST /data` over HTTP/2 without TLS on loopback, as a program without XCP would. */
export async function startHttp2Server(handle: BodyHandler): Promise<Http2Server> {
  const server = createServer({ settings });
  server.on("session", (session) => session.setLocalWindowSize(WINDOW_BYTES));
  server.on("stream", (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", () => undefined);
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/x-protobuf" });
      stream.end(handle(joined(parts), headers));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** One connection to {@link startHttp2Server}. */
export class Http2Client {
  readonly #session: ClientHttp2Session;

  /** Connects on first use. */
  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings });
    // Whoever waits for an answer is told by its stream.
    this.#session.on("error", () => undefined);
    this.#session.on("connect", () => this.#session.setLocalWindowSize(WINDOW_BYTES));
  }

  /** Bytes written to the socket so far. */
  get bytesWritten(): number {
    return this.#session.socket.bytesWritten;
  }

  /** Posts a body and resolves with the answer's. */
  post(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({ ":method": "POST", ":path": "/data", ...headers });
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => resolve(joined(parts)));
      stream.on("error", reject);
      stream.on("close", () => reject(new Error("the HTTP/2 server closed the request")));
      stream.end(body);
    });
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      // A session that is gone already calls nobody back.
      if (this.#session.destroyed) resolve();
      else this.#session.once("close", resolve).close();
    });
  }
}

// Codecs are promised plain bytes: the `slice` of a Buffer is a view, theirs is a copy.
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
