import { isIP } from "node:net";
import type {
  ConnectionOptions as NodeTlsOptions,
  SecureContextOptions,
  TLSSocket,
  TlsOptions,
} from "node:tls";
import type { TransportInfo } from "@proj/wire-types";
import { isLoopback } from "../loopback.js";
import { peerOf } from "./endpoint.js";

/** The name under which TLS negotiates what it carries (RFC 7301). */
export interface Alpn {
  /** As registered: `xcp/0.2`, `h2`, `http/1.1`. */
  readonly name: string;
  /** Whether a peer that says nothing about it is refused; one that wants something else always is. */
  readonly required: boolean;
}

/** What both ends of a frame stream over TLS agree on. spec/xcp.md §20 */
export const XCP_ALPN: Alpn = { name: "xcp/0.2", required: true };

// TLS 1.3 with AES-128-GCM is the floor: its other two suites are no weaker. §12
const floor: SecureContextOptions = {
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
};

/** One or several certificates or keys in PEM form. */
export type Pem = string | Uint8Array;

/** What a client needs for TLS; nothing for a server that a public authority vouches for. */
export interface ClientTls {
  /** Authorities to trust instead of the system's. */
  readonly ca?: Pem;
  /** Our certificate chain, for servers that ask for one. */
  readonly cert?: Pem;
  /** The key of `cert`. */
  readonly key?: Pem;
  /** Unlocks `key`. */
  readonly passphrase?: string;
  /** The name that the server's certificate must carry. Default: the host that is connected to. */
  readonly serverName?: string;
}

/** What a server needs for TLS. */
export interface ServerTls {
  /** The certificate chain. */
  readonly cert: Pem;
  /** The key of `cert`. */
  readonly key: Pem;
  /** Unlocks `key`. */
  readonly passphrase?: string;
  /** Makes it mTLS: every client must present a certificate that these authorities signed. */
  readonly clientCa?: Pem;
}

/** What is known about a peer over TLS. */
export interface TlsInfo extends TransportInfo {
  /** SHA-256 of the peer's certificate, hex with colons; absent when it presented none. */
  readonly fingerprint?: string;
}

/** Node's options for a client that expects to meet `host`. */
export function clientTlsOptions(tls: ClientTls, host: string, alpn: string): NodeTlsOptions {
  const name = tls.serverName ?? host;
  return {
    ...floor,
    ...material(tls),
    ALPNProtocols: [alpn],
    host: name,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: true,
  };
}

/** Node's options for a server. */
export function serverTlsOptions(tls: ServerTls, alpn: string, timeoutMs: number): TlsOptions {
  const mutual = tls.clientCa !== undefined;
  return {
    ...floor,
    ...material({ ...tls, ...(mutual ? { ca: tls.clientCa } : {}) }),
    ALPNProtocols: [alpn],
    requestCert: mutual,
    rejectUnauthorized: mutual,
    handshakeTimeout: timeoutMs,
    allowHalfOpen: true,
  };
}

function material(tls: ClientTls): SecureContextOptions {
  return {
    ...(tls.ca === undefined ? {} : { ca: nodePem(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: nodePem(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: nodePem(tls.key) }),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
  };
}

function nodePem(pem: Pem): string | Buffer {
  return typeof pem === "string" ? pem : Buffer.from(pem);
}

/**
 * Describes a TLS connection whose handshake is done.
 *
 * `identity` is the peer's subject (`CN=client, O=proj`), or its fingerprint where the subject is empty; it is absent
 * unless the certificate was verified.
 */
export function tlsInfo(socket: TLSSocket, transport: string): TlsInfo {
  const certificate = socket.getPeerX509Certificate();
  const subject = certificate?.subject?.split("\n").toReversed().join(", ");
  const identity = subject === undefined || subject === "" ? certificate?.fingerprint256 : subject;
  return {
    transport,
    peer: peerOf(socket),
    secure: true,
    local: isLoopback(socket.remoteAddress ?? ""),
    ...(certificate === undefined ? {} : { fingerprint: certificate.fingerprint256 }),
    ...(identity === undefined || !socket.authorized ? {} : { identity }),
    exportKey: (length, label) => {
      // Without a context, which in TLS 1.3 is the same as an empty one (RFC 8446 §7.5). spec/xcp.md §12
      return new Uint8Array(socket.exportKeyingMaterial(length, label, Buffer.alloc(0)));
    },
  };
}
