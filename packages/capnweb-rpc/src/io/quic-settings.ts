import type { Quiche, QuicheConfig } from "./quiche.js";

/** What a connection of either role may hold and how long it may be silent. */
const STREAM_BYTES = 4 * 1024 * 1024;
const CONNECTION_BYTES = 16 * 1024 * 1024;
const IDLE_MS = 30_000;
const STREAMS = 100;
const DATAGRAM_BYTES = 1350;

const algorithms = [
  "ecdsa_secp256r1_sha256",
  "ecdsa_secp384r1_sha384",
  "ed25519",
  "rsa_pss_rsae_sha256",
  "rsa_pss_rsae_sha384",
  "rsa_pss_rsae_sha512",
].join(":");

/** The certificate of a server, in PEM. */
export interface ServerCertificate {
  /** The chain, the server's own certificate first. */
  readonly cert: Uint8Array;
  /** The private key of that certificate. */
  readonly key: Uint8Array;
}

/** Makes the settings of a server. @throws Error when the library takes neither certificate nor key */
export function serverConfig(quiche: Quiche, { cert, key }: ServerCertificate): QuicheConfig {
  const make = quiche.Config.withBoringSslCtx.bind(quiche.Config);
  return common(make(false, false, null, [key], [cert], algorithms));
}

/** Makes the settings of a client. With `pinned` the certificate is judged by the caller, not by authorities. */
export function clientConfig(
  quiche: Quiche,
  trust: { readonly ca?: Uint8Array | undefined; readonly pinned: boolean },
): QuicheConfig {
  const make = quiche.Config.withBoringSslCtx.bind(quiche.Config);
  return common(make(true, trust.pinned, trust.ca ?? null, null, null, algorithms));
}

function common(config: QuicheConfig): QuicheConfig {
  config.setApplicationProtos(["h3"]);
  config.setMaxIdleTimeout(IDLE_MS);
  config.setMaxRecvUdpPayloadSize(DATAGRAM_BYTES);
  config.setMaxSendUdpPayloadSize(DATAGRAM_BYTES);
  config.setInitialMaxData(CONNECTION_BYTES);
  config.setInitialMaxStreamDataBidiLocal(STREAM_BYTES);
  config.setInitialMaxStreamDataBidiRemote(STREAM_BYTES);
  config.setInitialMaxStreamDataUni(STREAM_BYTES);
  config.setInitialMaxStreamsBidi(STREAMS);
  config.setInitialMaxStreamsUni(STREAMS);
  config.setDisableActiveMigration(true);
  // WebTransport demands that datagrams can come; the few that do are dropped.
  config.enableDgram(true, 16, 16);
  return config;
}
