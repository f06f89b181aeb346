import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Http3Endpoint } from "../http3/http3-endpoint.js";
import { Http3Codes } from "../http3/http3-error.js";
import type { ByteStreamPair } from "../web-transport/byte-stream-transport.js";
import type {
  CertificateHash,
  WebTransportClose,
  WebTransportConnectOptions,
  WebTransportEnd,
} from "../web-transport/web-transport-like.js";
import { loadQuiche } from "./quiche.js";
import { QuicheDriver } from "./quiche-connection.js";
import { clientConfig } from "./quic-settings.js";

/** Whom a client trusts besides the authorities of the system. */
export interface Http3WebTransportOptions extends WebTransportConnectOptions {
  /** Authorities in PEM, instead of the system's. */
  readonly ca?: Uint8Array;
}

const ID_BYTES = 20;

/**
 * A WebTransport client over HTTP/3 for Node, in the shape of the browsers' class: give it to `newWebTransportRpcSession`
 * as `WebTransport`. A transport that cannot be opened rejects `ready` and everything that is asked of it.
 */
export class Http3WebTransport implements WebTransportEnd {
  /** Resolves when streams can be opened; rejects with the reason why not. */
  readonly ready: Promise<void>;
  /** Resolves when the session is over; rejects when it never began. */
  readonly closed: Promise<WebTransportClose>;
  /** Streams that the server opened. */
  readonly incomingBidirectionalStreams: ReadableStream<ByteStreamPair>;
  readonly #opening: Promise<WebTransportEnd>;
  #gone = false;

  /**
   * Connects at once.
   *
   * @throws CapnwebError `capnweb.no_quic` where the optional QUIC library is missing
   * @throws TypeError for a URL that is not `https:`
   */
  constructor(url: string, options: Http3WebTransportOptions = {}) {
    const target = new URL(url);
    if (target.protocol !== "https:") throw new TypeError(`${url} is no https: URL`);
    const quiche = loadQuiche();
    this.#opening = this.#open(quiche, target, options);
    this.ready = this.#opening.then(() => undefined);
    this.ready.catch(() => undefined);
    this.closed = this.#opening.then(({ closed }) => closed);
    this.closed.catch(() => undefined);
    const opening = this.#opening;
    let reader: ReadableStreamDefaultReader<ByteStreamPair> | undefined;
    this.incomingBidirectionalStreams = new ReadableStream(
      {
        async pull(controller) {
          reader ??= (await opening).incomingBidirectionalStreams.getReader();
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Opens a stream, as soon as the session is there. */
  async createBidirectionalStream(): Promise<ByteStreamPair> {
    return (await this.#opening).createBidirectionalStream();
  }

  /** Ends the session, or the attempt to open it. */
  close(info: { closeCode?: number; reason?: string } = {}): void {
    this.#gone = true;
    this.#opening.then(
      (transport) => transport.close(info),
      () => undefined,
    );
  }

  async #open(
    quiche: ReturnType<typeof loadQuiche>,
    target: URL,
    options: Http3WebTransportOptions,
  ): Promise<WebTransportEnd> {
    const { serverCertificateHashes: hashes, ca } = options;
    const hostname = target.hostname.replace(/^\[(.*)\]$/, "$1");
    const { address, family } = await lookup(hostname);
    const socket = await boundSocket(family);
    const local = { host: socket.address().address, port: socket.address().port };
    const remote = { host: address, port: Number(target.port || 443) };
    const config = clientConfig(quiche, { ca, pinned: hashes !== undefined });
    const connection = quiche.Connection.connect(
      isIP(hostname) === 0 ? hostname : null,
      randomBytes(ID_BYTES),
      local,
      remote,
      config,
    );
    const driver = new QuicheDriver(connection, "client", (bytes, to) => {
      socket.send(bytes, to.port, to.host);
    });
    socket.on("message", (datagram, from) => {
      driver.receive(datagram, { host: from.address, port: from.port }, local);
    });
    void driver.closed.then(() => socket.close());
    const stop = (): void => driver.close(Http3Codes.NO_ERROR, "");
    try {
      driver.flush();
      await driver.established;
      if (this.#gone) throw new Error("The WebTransport was closed before it was open.");
      if (hashes !== undefined && !isPinned(connection.peerCertChain()?.[0], hashes)) {
        throw new Error("The server's certificate has none of the expected hashes.");
      }
      const session = await new Http3Endpoint(driver).open({
        authority: target.host,
        path: `${target.pathname}${target.search}`,
      });
      // The close capsule has left by the time the peer answers it with the end of the stream.
      void session.closed.then(() => setTimeout(stop, CLOSE_GRACE_MS));
      return session;
    } catch (error) {
      stop();
      throw error;
    }
  }
}

/** Milliseconds that a closed session keeps its connection, for what is still under way. */
const CLOSE_GRACE_MS = 500;

async function boundSocket(family: number): Promise<Socket> {
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, () => resolve());
  });
  socket.removeAllListeners("error");
  // Errors are those of single datagrams; silence ends the connection.
  socket.on("error", () => undefined);
  return socket;
}

function isPinned(der: Uint8Array | undefined, hashes: readonly CertificateHash[]): boolean {
  if (der === undefined) return false;
  const own = createHash("sha256").update(der).digest();
  return hashes.some(
    ({ algorithm, value }) =>
      algorithm === "sha-256" && value.length === own.length && timingSafeEqual(own, value),
  );
}
