import { randomBytes } from "node:crypto";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from "node:http2";
import {
  asWireError,
  type ByteStream,
  type MessagePipe,
  type TransportInfo,
  wireError,
} from "@proj/wire-types";
import { resolveXcpLimits, type XcpLimits } from "../limits.js";
import { refuseInsecure } from "../loopback.js";
import { ChannelPipe } from "./channel-pipe.js";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { dialSocket, dialTlsSocket } from "./dial-socket.js";
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
import { statusError } from "./status-error.js";
import type { ClientTls } from "./tls-options.js";
import { transportError } from "./transport-error.js";
import { type ParsedUrl, parseTransportUrl } from "./transport-url.js";

/** Milliseconds that a closing HTTP/2 connection may take before its socket is dropped: the drain of §20. */
const CLOSE_TIMEOUT_MS = 5_000;

const SESSION_ID_BYTES = 16;

/** Options of {@link connectHttp2} and {@link connectHttp2Channels}. */
export interface ConnectHttp2Options extends ConnectOptions {
  /** Whom to trust and what to present; only for `h2:`. */
  readonly tls?: ClientTls;
  /** Further headers of the requests, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection's limits. */
  readonly limits?: Partial<XcpLimits>;
}

/**
 * Connects over HTTP/2 with one request whose two bodies carry the frames of all channels.
 *
 * `h2://host:port` is HTTP/2 over TLS 1.3, `h2c://` without TLS by prior knowledge; the path defaults to `/xcp`.
 *
 * @throws XcpError `xcp.crypt_required` (h2c: beyond loopback), `xcp.auth_required` and `xcp.auth_failed` (401, 403 or
 *   certificate), `xcp.version_unsupported` (ALPN)
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`, `wire.invalid_uri`
 * @see spec/xcp.md §20
 */
export async function connectHttp2(
  url: string,
  options: ConnectHttp2Options = {},
): Promise<ByteStream> {
  return withConnection(url, options, async (connection) => {
    const { stream, accepted } = connection.request({});
    await accepted;
    return stream;
  });
}

/**
 * Connects over HTTP/2 with one request per channel, told apart by `xcp-session` and `xcp-channel`.
 *
 * A large message on one channel then does not hold up another channel. Errors are those of {@link connectHttp2}.
 *
 * @see spec/xcp.md §20
 */
export async function connectHttp2Channels(
  url: string,
  options: ConnectHttp2Options = {},
): Promise<MessagePipe> {
  const session = randomBytes(SESSION_ID_BYTES).toString("hex");
  return withConnection(url, options, async (connection) => {
    const request = (channel: number): StartedRequest =>
      connection.request({ [SESSION_HEADER]: session, [CHANNEL_HEADER]: String(channel) });
    const control = request(0);
    await control.accepted;
    return new ChannelPipe(connection.info, control.stream, {
      limits: resolveXcpLimits(options.limits),
      openStream: (channel) => {
        const { stream, accepted } = request(channel);
        accepted.catch((error: unknown) => stream.destroy(asWireError(error)));
        return stream;
      },
    });
  });
}

async function withConnection<T>(
  url: string,
  options: ConnectHttp2Options,
  use: (connection: ClientConnection) => Promise<T>,
): Promise<T> {
  const target = parseTransportUrl(url, ["h2", "h2c"]);
  const { endpoint, where, scheme } = target;
  if (scheme === "h2c")
    refuseInsecure(
      { ...endpoint, transport: "h2c", doing: "connecting to" },
      options.allowInsecure,
    );
  return connectWithin(where, options, async (signal) => {
    const dialled =
      scheme === "h2"
        ? await dialTlsSocket(endpoint, options.tls ?? {}, H2_ALPN, signal)
        : await dialSocket(endpoint, signal);
    const connection = new ClientConnection(dialled, target, options);
    const abandon = (): void => connection.drop();
    signal.addEventListener("abort", abandon, { once: true });
    try {
      return await use(connection);
    } catch (thrown) {
      connection.drop();
      throw connection.failure ?? thrown;
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  });
}

interface StartedRequest {
  /** Both bodies. */
  readonly stream: ByteStream;
  /** Resolves when the server has agreed to carry frames. */
  readonly accepted: Promise<void>;
}

/** An HTTP/2 connection that closes when its last request has ended. */
class ClientConnection {
  /** What is known about the server. */
  readonly info: TransportInfo;
  /** What broke the connection as a whole. */
  failure: unknown;
  readonly #session: ClientHttp2Session;
  readonly #target: ParsedUrl;
  readonly #options: ConnectHttp2Options;
  #requests = 0;

  constructor(dialled: ConnectedSocket, target: ParsedUrl, options: ConnectHttp2Options) {
    this.info = dialled.info("h2");
    this.#target = target;
    this.#options = options;
    const { socket } = dialled;
    // HTTP/2 half-closes its streams; a half-closed connection under them would only linger.
    socket.allowHalfOpen = false;
    const scheme = target.scheme === "h2" ? "https" : "http";
    const session = connect(`${scheme}://${target.url.host}`, {
      createConnection: () => socket,
      settings: http2Settings(options.limits),
      maxSessionMemory: SESSION_MEMORY_MIB,
    });
    session.on("error", (error) => {
      this.failure ??= error;
    });
    session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    this.#session = session;
  }

  request(headers: OutgoingHttpHeaders): StartedRequest {
    const { path } = this.#target;
    const request = this.#session.request(
      {
        ...this.#options.headers,
        ...headers,
        ":method": "POST",
        ":path": path === "/" ? FRAMES_PATH : path,
        "content-type": FRAMES_CONTENT_TYPE,
      },
      { endStream: false },
    );
    this.#requests += 1;
    request.once("close", () => {
      this.#requests -= 1;
      if (this.#requests === 0) this.#close();
    });
    const accepted = responded(request, this.#target.where);
    const stream = http2Stream(request, this.info, this.#options);
    return { stream, accepted };
  }

  /** Lets go of everything at once. */
  drop(): void {
    outsideCallbacks(() => this.#session.destroy());
  }

  #close(): void {
    const session = this.#session;
    outsideCallbacks(() => session.close());
    const timer = setTimeout(() => this.drop(), CLOSE_TIMEOUT_MS);
    timer.unref();
    session.once("close", () => clearTimeout(timer));
  }
}

function responded(request: ClientHttp2Stream, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once("response", (headers) => {
      const type = headers["content-type"];
      if (headers[":status"] !== 200) reject(statusError(headers[":status"] ?? 0, where));
      else if (type === FRAMES_CONTENT_TYPE) resolve();
      else {
        const text = `${where} answers with content type ${type}, not ${FRAMES_CONTENT_TYPE}`;
        reject(wireError("wire.connection_failed", text));
      }
    });
    request.once("error", (error) => {
      reject(transportError(error, where, "wire.connection_failed"));
    });
    request.once("close", () => {
      reject(wireError("wire.connection_failed", `${where} ended the request without an answer`));
    });
  });
}
