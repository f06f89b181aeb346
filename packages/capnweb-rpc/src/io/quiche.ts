import { createRequire } from "node:module";
import { CapnwebError } from "../errors.js";

/** An address as the library writes it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What is used of the library's settings. Sizes in bytes, times in milliseconds. */
export interface QuicheConfig {
  setApplicationProtos(protocols: string[]): void;
  setMaxIdleTimeout(ms: number): void;
  setMaxRecvUdpPayloadSize(bytes: number): void;
  setMaxSendUdpPayloadSize(bytes: number): void;
  setInitialMaxData(bytes: number): void;
  setInitialMaxStreamDataBidiLocal(bytes: number): void;
  setInitialMaxStreamDataBidiRemote(bytes: number): void;
  setInitialMaxStreamDataUni(bytes: number): void;
  setInitialMaxStreamsBidi(streams: number): void;
  setInitialMaxStreamsUni(streams: number): void;
  setDisableActiveMigration(disable: boolean): void;
  enableDgram(enable: boolean, receiveQueue: number, sendQueue: number): void;
}

/** What is used of a connection of the library. Every method works on memory only. */
export interface QuicheConnection {
  recv(datagram: Uint8Array, info: { from: HostPort; to: HostPort }): number;
  send(into: Uint8Array): [bytes: number, info: { from: HostPort; to: HostPort }] | null;
  streamRecv(id: number, into: Uint8Array): [bytes: number, end: boolean] | null;
  streamSend(id: number, bytes: Uint8Array, end: boolean): number | null;
  streamShutdown(id: number, direction: number, code: number): void | null;
  peerStreamsLeftBidi(): number;
  peerStreamsLeftUni(): number;
  readable(): Iterable<number>;
  writable(): Iterable<number>;
  timeout(): number | null;
  onTimeout(): void;
  close(application: boolean, code: number, reason: Uint8Array): void | null;
  peerCertChain(): Uint8Array[] | null;
  isEstablished(): boolean;
  isClosed(): boolean;
  isTimedOut(): boolean;
  peerError(): QuicheError | null;
  localError(): QuicheError | null;
}

/** Why a connection ended. */
interface QuicheError {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

/** What is used of the library: Cloudflare's quiche, as `@matrixai/quic` compiles it for Node. */
export interface Quiche {
  readonly Config: {
    withBoringSslCtx(
      verifyPeer: boolean,
      verifyAllowFail: boolean,
      ca?: Uint8Array | null,
      keys?: Uint8Array[] | null,
      certificates?: Uint8Array[] | null,
      algorithms?: string | null,
    ): QuicheConfig;
  };
  readonly Connection: {
    connect(
      serverName: string | null,
      id: Uint8Array,
      local: HostPort,
      remote: HostPort,
      config: QuicheConfig,
    ): QuicheConnection;
    accept(
      id: Uint8Array,
      originalId: Uint8Array | null,
      local: HostPort,
      remote: HostPort,
      config: QuicheConfig,
    ): QuicheConnection;
  };
  readonly Header: {
    fromSlice(
      datagram: Uint8Array,
      idBytes: number,
    ): {
      readonly ty: number;
      readonly version: number;
      readonly dcid: Uint8Array;
      readonly scid: Uint8Array;
    };
  };
  negotiateVersion(scid: Uint8Array, dcid: Uint8Array, into: Uint8Array): number;
  versionIsSupported(version: number): boolean;
}

/** `ty` of a packet that begins a connection. */
export const INITIAL_PACKET = 0;
/** Directions of {@link QuicheConnection.streamShutdown}. */
export const Direction = { READ: 0, WRITE: 1 } as const;

/** Prebuilt binaries, each in a package that is installed where it fits. */
const packages: Readonly<Record<string, string>> = {
  "linux x64": "@matrixai/quic-linux-x64",
};

/**
 * Loads the QUIC library, which is an optional dependency.
 *
 * @throws CapnwebError `capnweb.no_quic` where there is none for this platform, or it was left out or does not load.
 */
export function loadQuiche(): Quiche {
  const platform = `${process.platform} ${process.arch}`;
  const name = packages[platform];
  if (name === undefined) {
    throw new CapnwebError("capnweb.no_quic", `there is no QUIC library for ${platform}`);
  }
  try {
    return createRequire(import.meta.url)(name) as Quiche;
  } catch (cause) {
    const message = `the optional package ${name} is missing or does not load`;
    throw new CapnwebError("capnweb.no_quic", message, { cause });
  }
}
