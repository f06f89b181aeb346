import type { Duplex } from "node:stream";
import {
  connect,
  type ConnectionOptions,
  createServer,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { asWireError } from "@proj/wire-types";
import { DcquicError } from "../errors.js";
import { ALPN, type EstablishedPath, Handshake, type HandshakeOptions } from "../path/handshake.js";

const PSK_CIPHERS = "TLS_AES_128_GCM_SHA256:PSK";
const MIN_PSK_BYTES = 32;

/** How a peer proves who it is. Both sides prove it. */
export type HandshakeCredentials =
  | {
      readonly kind: "certificate";
      /** Own key, PEM. */
      readonly key: string;
      /** Own certificate chain, PEM. */
      readonly cert: string;
      /** Who may sign the peer's certificate, PEM. */
      readonly ca: string;
      /** The name that a listener's certificate must carry. */
      readonly serverName?: string;
    }
  | {
      readonly kind: "psk";
      /** Name of the key. */
      readonly identity: string;
      /** At least 32 bytes that both sides know. TLS mixes them with a fresh key exchange. */
      readonly secret: Uint8Array;
    };

/** What a handshake over TLS is made with. */
export interface TlsHandshakeOptions extends Omit<HandshakeOptions, "exportKey"> {
  /** Who this side is. */
  readonly credentials: HandshakeCredentials;
  /** Gives up after this long. */
  readonly timeoutMs: number;
  /** Gives up at once. */
  readonly signal?: AbortSignal;
}

/** A path that exists on both sides, and the name its peer proved. */
export interface TlsHandshakeResult {
  /** What was agreed on. */
  readonly path: EstablishedPath;
  /** Subject of the peer's certificate, or the name of the pre-shared key. */
  readonly identity: string;
}

/**
 * Makes a path over a connection, which may be a TCP socket or any other duplex stream, and ends the connection.
 *
 * @throws DcquicError `dcquic.handshake_failed`
 * @see spec/dcquic.md §7.2
 */
export async function handshakeOverTls(
  connection: Duplex,
  options: TlsHandshakeOptions,
): Promise<TlsHandshakeResult> {
  const { credentials, role } = options;
  if (credentials.kind === "psk" && credentials.secret.length < MIN_PSK_BYTES) {
    throw new RangeError(`a pre-shared key of ${credentials.secret.length} bytes`);
  }
  const { signal, timeoutMs } = options;
  const abort = (): void => void connection.destroy(asWireError(signal?.reason, "wire.cancelled"));
  const timer = setTimeout(() => {
    connection.destroy(new DcquicError("dcquic.handshake_failed", `${timeoutMs} ms passed`));
  }, timeoutMs);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const secure =
      role === "dialer" ? dial(connection, credentials) : listen(connection, credentials);
    const tls = await Promise.race([secure, hangUp(connection)]);
    return await converse(tls, options);
  } catch (error) {
    connection.destroy();
    if (error instanceof DcquicError) throw error;
    const message = `the handshake as ${role} failed: ${asWireError(error).message}`;
    throw new DcquicError("dcquic.handshake_failed", message, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function hangUp(connection: Duplex): Promise<never> {
  return new Promise((_, reject) => {
    connection.once("error", reject);
    connection.once("close", () =>
      reject(new DcquicError("dcquic.handshake_failed", "the peer hung up")),
    );
  });
}

function dial(connection: Duplex, credentials: HandshakeCredentials): Promise<TLSSocket> {
  const common: ConnectionOptions = {
    socket: connection,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: [ALPN],
  };
  return new Promise((resolve, reject) => {
    const tls = connect({ ...common, ...proofOf(credentials) });
    tls.once("error", reject);
    tls.once("secureConnect", () => {
      tls.off("error", reject);
      resolve(tls);
    });
  });
}

function proofOf(credentials: HandshakeCredentials): ConnectionOptions {
  if (credentials.kind === "certificate") {
    const { key, cert, ca, serverName } = credentials;
    return { ...(serverName === undefined ? {} : { servername: serverName }), key, cert, ca };
  }
  const { identity, secret } = credentials;
  return {
    ciphers: PSK_CIPHERS,
    pskCallback: () => ({ identity, psk: secret }),
    // The key proves the peer; there is no certificate whose name could be checked.
    checkServerIdentity: () => undefined,
  };
}

// A server that never listens: it only lends its checks of the client's certificate to one connection.
function listen(connection: Duplex, credentials: HandshakeCredentials): Promise<TLSSocket> {
  const common: TlsOptions = {
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ALPNProtocols: [ALPN],
  };
  const server =
    credentials.kind === "certificate"
      ? createServer({
          ...common,
          requestCert: true,
          rejectUnauthorized: true,
          key: credentials.key,
          cert: credentials.cert,
          ca: credentials.ca,
        })
      : createServer({
          ...common,
          ciphers: PSK_CIPHERS,
          pskCallback: (_socket, offered) =>
            offered === credentials.identity ? credentials.secret : null,
        });
  return new Promise((resolve, reject) => {
    server.once("secureConnection", resolve);
    server.once("tlsClientError", reject);
    server.emit("connection", connection);
  });
}

function converse(tls: TLSSocket, options: TlsHandshakeOptions): Promise<TlsHandshakeResult> {
  const handshake = new Handshake({
    ...options,
    exportKey: (length, label, context) =>
      tls.exportKeyingMaterial(length, label, Buffer.from(context)),
  });
  const identity = identityOf(tls, options.credentials);
  return new Promise((resolve, reject) => {
    if (tls.alpnProtocol !== ALPN) {
      reject(new DcquicError("dcquic.handshake_failed", "the peer speaks another protocol"));
      return;
    }
    tls.once("error", reject);
    tls.once("close", () => reject(new DcquicError("dcquic.handshake_failed", "the peer hung up")));
    tls.on("data", (bytes: Buffer) => {
      try {
        handshake.receive(bytes);
        flush(tls, handshake);
      } catch (error) {
        reject(error);
        return;
      }
      if (handshake.established === undefined) return;
      resolve({ path: handshake.established, identity });
      tls.end();
    });
    flush(tls, handshake);
  });
}

function flush(tls: TLSSocket, handshake: Handshake): void {
  for (let part = handshake.transmit(); part !== undefined; part = handshake.transmit()) {
    tls.write(part);
  }
}

function identityOf(tls: TLSSocket, credentials: HandshakeCredentials): string {
  if (credentials.kind === "psk") return credentials.identity;
  const { subject } = tls.getPeerCertificate();
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(",");
}
