import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type ByteStream, type MessagePipe, type TransportInfo, wireError } from "@proj/wire-types";
import { resolveXcpLimits, type XcpLimits } from "../limits.js";
import { refuseInsecure } from "../loopback.js";
import { ChannelPipe } from "./channel-pipe.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { tcpEndpoint } from "./endpoint.js";
import {
  CHANNEL_HEADER,
  CONNECTION_WINDOW_BYTES,
  FRAMES_CONTENT_TYPE,
  FRAMES_PATH,
  H2_ALPN,
  http2Settings,
  http2Stream,
  outsideCallbacks,
  SESSION_HEADER,
  SESSION_MEMORY_MIB,
} from "./http2-binding.js";
import {
  handshakeTimeoutOf,
  type ListenAddress,
  type ListenOptions,
  listenSocket,
  listenTlsSocket,
  type SocketListener,
} from "./listen-socket.js";
import type { ServerTls } from "./tls-options.js";
import { transportError } from "./transport-error.js";

/** Options of {@link listenHttp2}. */
export interface ListenHttp2Options extends ListenOptions, ListenAddress {
  /** HTTP/2 over TLS; without it `h2c` by prior knowledge. */
  readonly tls?: ServerTls;
  /** The path of the requests. Default `/xcp`. */
  readonly path?: string;
  /** The connections' limits. */
  readonly limits?: Partial<XcpLimits>;
}

/**
 * Accepts XCP over HTTP/2 in both forms: a request that carries all channels becomes a `ByteStream`, the requests
 * of one `xcp-session` together a `MessagePipe`.
 *
 * Refusals: another path 404, another method 405, another content type 415, malformed headers 400, a channel of an
 * unknown session 404, a second stream for a channel 409. A connection has at most `maxChannels` streams at a time.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `tls` and `allowInsecure`
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §20
 */
export async function listenHttp2(
  options: ListenHttp2Options,
  accept: (transport: ByteStream | MessagePipe) => void,
): Promise<SocketListener> {
  const endpoint = tcpEndpoint(options);
  const admit = ({ socket, info }: ConnectedSocket): void => {
    // HTTP/2 half-closes its streams; a half-closed connection under them would only linger.
    socket.allowHalfOpen = false;
    const session = performServerHandshake(socket, {
      settings: http2Settings(options.limits),
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    const connection = new ServerConnection(session, info("h2"), options, accept);
    session.on("stream", (stream, headers) => connection.requested(stream, headers));
  };
  if (options.tls !== undefined) {
    return listenTlsSocket(endpoint, options.tls, H2_ALPN, options, admit);
  }
  refuseInsecure({ ...endpoint, transport: "h2c", doing: "listening at" }, options.allowInsecure);
  return listenSocket(endpoint, options, admit);
}

const SESSION_ID = /^[0-9a-f]{32}$/;
const CHANNEL_ID = /^(0|[1-9]\d{0,9})$/;
const MAX_CHANNEL_ID = 0xffff_ffff;

/** One client's HTTP/2 connection and the XCP sessions on it. */
class ServerConnection {
  readonly #session: ServerHttp2Session;
  readonly #info: TransportInfo;
  readonly #options: ListenHttp2Options;
  readonly #accept: (transport: ByteStream | MessagePipe) => void;
  readonly #pipes = new Map<string, ChannelPipe>();
  #streams = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    session: ServerHttp2Session,
    info: TransportInfo,
    options: ListenHttp2Options,
    accept: (transport: ByteStream | MessagePipe) => void,
  ) {
    this.#session = session;
    this.#info = info;
    this.#options = options;
    this.#accept = accept;
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.on("error", (error) => {
      options.onError?.(transportError(error, "an HTTP/2 client", "wire.connection_failed"));
    });
    session.once("close", () => clearTimeout(this.#idle));
    this.#awaitStream();
  }

  /** Answers one request. */
  requested(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // The stream's owner hears it, too; a refused request has none.
    stream.on("error", () => undefined);
    const refusal =
      refusalOf(headers, this.#options.path ?? FRAMES_PATH) ?? this.#start(stream, headers);
    if (refusal === undefined) return;
    stream.respond(
      { ":status": refusal, ...(refusal === 405 ? { allow: "POST" } : {}) },
      { endStream: true },
    );
    // The client's body is unbounded: do not wait for its end.
    outsideCallbacks(() => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** Gives the stream to whom it belongs, or returns the status of the refusal. */
  #start(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): number | undefined {
    const { [SESSION_HEADER]: session, [CHANNEL_HEADER]: channel } = headers;
    if (session === undefined && channel === undefined) {
      this.#accept(this.#open(stream));
      return undefined;
    }
    if (typeof session !== "string" || !SESSION_ID.test(session)) return 400;
    if (typeof channel !== "string" || !CHANNEL_ID.test(channel)) return 400;
    const channelId = Number(channel);
    if (channelId > MAX_CHANNEL_ID) return 400;
    return this.#startChannel(stream, session, channelId);
  }

  #startChannel(stream: ServerHttp2Stream, session: string, channelId: number): number | undefined {
    const pipe = this.#pipes.get(session);
    if (pipe !== undefined) {
      if (pipe.has(channelId)) return 409;
      pipe.attach(channelId, this.#open(stream));
      return undefined;
    }
    if (channelId !== 0) return 404;
    const created = new ChannelPipe(this.#info, this.#open(stream), {
      limits: resolveXcpLimits(this.#options.limits),
    });
    this.#pipes.set(session, created);
    // The pipe goes when its streams do, that of channel 0 among them.
    stream.once("close", () => this.#pipes.delete(session));
    this.#accept(created);
    return undefined;
  }

  #open(stream: ServerHttp2Stream): ByteStream {
    clearTimeout(this.#idle);
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
      if (this.#streams === 0) this.#awaitStream();
    });
    stream.respond({ ":status": 200, "content-type": FRAMES_CONTENT_TYPE });
    return http2Stream(stream, this.#info, this.#options);
  }

  /** Closes a connection that carries no frames for too long. */
  #awaitStream(): void {
    if (this.#session.destroyed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#options.onError?.(
        wireError("wire.timeout", "an HTTP/2 client asked for nothing in time"),
      );
      this.#session.destroy();
    }, handshakeTimeoutOf(this.#options));
  }
}

function refusalOf(headers: IncomingHttpHeaders, path: string): number | undefined {
  if (String(headers[":path"]).split("?", 1)[0] !== path) return 404;
  if (headers[":method"] !== "POST") return 405;
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return type === FRAMES_CONTENT_TYPE ? undefined : 415;
}
