import { completeLimits } from "../limits.js";
import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import { closeReason } from "../transports/close-reason.js";
import type { RpcStub } from "../types.js";
import { type ByteStreamPair, ByteStreamTransport } from "./byte-stream-transport.js";
import { BLANK_MESSAGE, type MessageFraming } from "./message-framing.js";
import type {
  CertificateHash,
  WebTransportConstructor,
  WebTransportLike,
} from "./web-transport-like.js";

/** What may be chosen for a session over streams of bytes. */
export interface ByteStreamSessionOptions extends RpcSessionOptions {
  /** How messages are told apart; `newline` where absent. The peer must choose the same. */
  readonly framing?: MessageFraming | undefined;
}

/** What may be chosen for a session over WebTransport. */
export interface WebTransportSessionOptions extends ByteStreamSessionOptions {
  /** Opens the transport of a URL; the host's own `WebTransport` where absent. */
  readonly WebTransport?: WebTransportConstructor | undefined;
  /** Accepts exactly these certificates, as self-signed ones of development need it. */
  readonly serverCertificateHashes?: readonly CertificateHash[] | undefined;
}

/** The close code of a session that ended, as over a WebSocket. spec/capnweb.md §2.2 */
const ENDED = 3000;
/** Milliseconds that the end of the stream has to reach the peer before the transport is closed over it. */
const CLOSE_GRACE_MS = 2000;
/** One UTF-16 code unit is at most this many bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

/**
 * Starts a session over a pair of byte streams, whatever they run over, and answers the peer's main stub.
 * The streams are the session's from now on: it locks and ends them.
 */
export function newByteStreamRpcSession<T = unknown>(
  streams: ByteStreamPair,
  localMain?: unknown,
  options: ByteStreamSessionOptions = {},
): RpcStub<T> {
  const carrier = carrierOf(Promise.resolve(streams), options);
  return new RpcSession<T>(carrier, localMain, options).getRemoteMain();
}

/**
 * Opens a session over WebTransport as its client, and answers the peer's main stub: one bidirectional
 * stream that this side opens. Calls made at once wait for the connection. spec/capnweb.md §20.6
 *
 * @param target The URL of the server, or a transport that may still be connecting.
 * @throws TypeError for a URL where the host has no `WebTransport` and none is given.
 */
export function newWebTransportRpcSession<T = unknown>(
  target: string | WebTransportLike,
  localMain?: unknown,
  options: WebTransportSessionOptions = {},
): RpcStub<T> {
  const transport = typeof target === "string" ? connectWebTransport(target, options) : target;
  return overTransport<T>(transport, openStream(transport), localMain, options);
}

/**
 * Serves a session over a WebTransport that a client opened, and answers the client's main stub. The
 * session is the first bidirectional stream of the client; further ones are refused.
 */
export function acceptWebTransportRpcSession<T = unknown>(
  transport: WebTransportLike,
  localMain?: unknown,
  options: ByteStreamSessionOptions = {},
): RpcStub<T> {
  return overTransport<T>(transport, acceptStream(transport), localMain, options);
}

function overTransport<T>(
  transport: WebTransportLike,
  stream: Promise<ByteStreamPair>,
  localMain: unknown,
  options: ByteStreamSessionOptions,
): RpcStub<T> {
  const carrier = carrierOf(stream, options, (reason) => close(transport, reason));
  return new RpcSession<T>(carrier, localMain, options).getRemoteMain();
}

/** Makes what carries a session over a WebTransport that this side opens: its first stream. */
export function webTransportCarrier(
  transport: WebTransportLike,
  options: ByteStreamSessionOptions,
): ByteStreamTransport {
  return carrierOf(openStream(transport), options, (reason) => close(transport, reason));
}

function close(transport: WebTransportLike, reason: unknown): void {
  try {
    transport.close({ closeCode: ENDED, reason: closeReason(reason) });
  } catch {
    // A transport that cannot be closed is closed, or was never open.
  }
}

function carrierOf(
  stream: Promise<ByteStreamPair>,
  options: ByteStreamSessionOptions,
  closed?: (reason: unknown) => void,
): ByteStreamTransport {
  const carrier = new ByteStreamTransport(stream, {
    framing: options.framing ?? "newline",
    maxMessageBytes: completeLimits(options.limits).maxMessageSize * BYTES_PER_UNIT,
    ...(closed === undefined ? {} : { closed, closeGraceMs: CLOSE_GRACE_MS }),
  });
  carrier.send(BLANK_MESSAGE);
  return carrier;
}

/** Opens a transport to `url`. @throws TypeError where the host has none and none is given. */
export function connectWebTransport(
  url: string,
  options: WebTransportSessionOptions,
): WebTransportLike {
  const host = (globalThis as { readonly WebTransport?: unknown }).WebTransport;
  const Implementation = options.WebTransport ?? (host as WebTransportConstructor | undefined);
  if (Implementation === undefined) {
    throw new TypeError("This host has no WebTransport: name one in the options.");
  }
  const { serverCertificateHashes: hashes } = options;
  return new Implementation(
    url,
    hashes === undefined ? {} : { serverCertificateHashes: [...hashes] },
  );
}

async function openStream(transport: WebTransportLike): Promise<ByteStreamPair> {
  await transport.ready;
  return transport.createBidirectionalStream();
}

async function acceptStream(transport: WebTransportLike): Promise<ByteStreamPair> {
  await transport.ready;
  const reader = transport.incomingBidirectionalStreams.getReader();
  const { done, value } = await reader.read();
  if (done) throw new Error("The client closed the transport before it opened a stream.");
  void refuseFurther(reader);
  return value;
}

/** A client with a second stream speaks some other protocol. */
async function refuseFurther(reader: ReadableStreamDefaultReader<ByteStreamPair>): Promise<void> {
  const reason = new Error("A session is one stream.");
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      void value.readable.cancel(reason).catch(() => undefined);
      void value.writable.abort(reason).catch(() => undefined);
    }
  } catch {
    // The session notices by itself that the connection is gone.
  }
}
