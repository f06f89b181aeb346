import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Admit, Http3Endpoint } from "../http3/http3-endpoint.js";
import { Http3Codes } from "../http3/http3-error.js";
import type { WebTransportEnd } from "../web-transport/web-transport-like.js";
import {
  type HostPort,
  INITIAL_PACKET,
  loadQuiche,
  type Quiche,
  type QuicheConfig,
} from "./quiche.js";
import { QuicheDriver } from "./quiche-connection.js";
import { serverConfig, type ServerCertificate } from "./quic-settings.js";

/** What a WebTransport server is given. */
export interface ServeWebTransportOptions extends ServerCertificate {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** UDP port; 0, the default, lets the system choose. */
  readonly port?: number;
  /** The path that is served. Default `/rpc/wt`. spec/capnweb.md §20.6 */
  readonly path?: string;
  /** Origins whose pages may connect; `"*"` admits all. Programs, which send none, always may. Default: none. */
  readonly origins?: readonly string[];
  /** Connections at once; further ones are not answered. Default 1000. */
  readonly maxConnections?: number;
}

/** A running WebTransport server. */
export interface WebTransportServer {
  /** `https://host:port/path`. */
  readonly url: string;
  /** UDP port. */
  readonly port: number;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

const ID_BYTES = 20;
/** Milliseconds that closed connections may linger when the server closes. */
const LINGER_MS = 500;
/** RFC 9000 §14.1 */
const MIN_INITIAL_BYTES = 1200;

/**
 * Serves WebTransport over HTTP/3. `accept` gets every session that asks for the path; hand it to
 * `acceptWebTransportRpcSession`.
 *
 * @throws CapnwebError `capnweb.no_quic` where the optional QUIC library is missing
 * @throws Error for a certificate that cannot be read, and as `bind` fails
 */
export async function serveWebTransport(
  options: ServeWebTransportOptions,
  accept: (transport: WebTransportEnd) => void,
): Promise<WebTransportServer> {
  const quiche = loadQuiche();
  const host = options.host ?? "127.0.0.1";
  const server = new Http3Server(quiche, serverConfig(quiche, options), options, accept);
  const port = await server.listen(host, options.port ?? 0);
  const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    url: `https://${authority}${options.path ?? "/rpc/wt"}`,
    port,
    close: () => server.close(),
  };
}

class Http3Server {
  readonly #quiche: Quiche;
  readonly #config: QuicheConfig;
  readonly #options: ServeWebTransportOptions;
  readonly #accept: (transport: WebTransportEnd) => void;
  readonly #connections = new Map<string, QuicheDriver>();
  readonly #drivers = new Set<QuicheDriver>();
  #socket: Socket | undefined;
  #local: HostPort = { host: "", port: 0 };

  constructor(
    quiche: Quiche,
    config: QuicheConfig,
    options: ServeWebTransportOptions,
    accept: (transport: WebTransportEnd) => void,
  ) {
    this.#quiche = quiche;
    this.#config = config;
    this.#options = options;
    this.#accept = accept;
  }

  async listen(host: string, port: number): Promise<number> {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, () => {
        socket.off("error", reject);
        // Later errors are those of single datagrams; QUIC sends them again.
        socket.on("error", () => undefined);
        resolve();
      });
    });
    socket.on("message", (datagram, remote) => this.#receive(datagram, remote));
    const { address } = socket.address();
    this.#local = { host: address, port: socket.address().port };
    return this.#local.port;
  }

  async close(): Promise<void> {
    const drivers = [...this.#drivers];
    for (const driver of drivers) driver.close(Http3Codes.NO_ERROR, "the server is closing");
    // A closed connection lingers to answer what is still under way; for how long is guessed where there was no answer yet.
    const late = setTimeout(() => {
      for (const driver of drivers) driver.destroy();
    }, LINGER_MS);
    await Promise.all(drivers.map(({ closed }) => closed));
    clearTimeout(late);
    await new Promise<void>((resolve) => {
      if (this.#socket === undefined) resolve();
      else this.#socket.close(() => resolve());
    });
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    let header;
    try {
      header = this.#quiche.Header.fromSlice(datagram, ID_BYTES);
    } catch {
      return;
    }
    const from = { host: remote.address, port: remote.port };
    const to = this.#local;
    const known = this.#connections.get(keyOf(header.dcid));
    if (known !== undefined) {
      known.receive(datagram, from, to);
      return;
    }
    // Clients fill their first datagrams up, so that an answer is never larger than what asked for it.
    if (header.ty !== INITIAL_PACKET || datagram.length < MIN_INITIAL_BYTES) return;
    if (!this.#quiche.versionIsSupported(header.version)) {
      const answer = new Uint8Array(datagram.length);
      const bytes = this.#quiche.negotiateVersion(header.scid, header.dcid, answer);
      this.#send(answer.subarray(0, bytes), from);
    } else if (this.#drivers.size < (this.#options.maxConnections ?? 1000)) {
      this.#open(header.dcid, from, to).receive(datagram, from, to);
    }
  }

  #open(originalId: Uint8Array, from: HostPort, to: HostPort): QuicheDriver {
    const id = randomBytes(ID_BYTES);
    const connection = this.#quiche.Connection.accept(id, null, to, from, this.#config);
    const driver = new QuicheDriver(connection, "server", (bytes, peer) => this.#send(bytes, peer));
    // The client goes on with the id it chose until it has seen ours.
    const keys = [keyOf(id), keyOf(originalId)];
    for (const key of keys) this.#connections.set(key, driver);
    this.#drivers.add(driver);
    void driver.closed.then(() => {
      for (const key of keys) this.#connections.delete(key);
      this.#drivers.delete(driver);
    });
    driver.established.then(
      () => new Http3Endpoint(driver, this.#admit).onSession(this.#accept),
      () => undefined,
    );
    return driver;
  }

  readonly #admit: Admit = ({ path, origin }) => {
    const { path: served = "/rpc/wt", origins = [] } = this.#options;
    if (path.split("?")[0] !== served) return 404;
    return origin === undefined || origins.includes("*") || origins.includes(origin) ? 200 : 403;
  };

  #send(bytes: Uint8Array, to: HostPort): void {
    try {
      this.#socket?.send(bytes, to.port, to.host);
    } catch {
      // The socket is closed: so is everything else.
    }
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id).toString("hex");
}
