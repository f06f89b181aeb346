import type { MessagePipe } from "@proj/wire-types";
import { type ClientOptions, WebSocket } from "ws";
import { XcpError } from "../errors.js";
import type { XcpLimits } from "../limits.js";
import { refuseInsecure } from "../loopback.js";
import { XCP_SUBPROTOCOL } from "../websocket-binding.js";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { dialSocket, dialTlsSocket } from "./dial-socket.js";
import { largestFrameBytes } from "./message-limit.js";
import { statusError } from "./status-error.js";
import { type Alpn, type ClientTls } from "./tls-options.js";
import { CLOSE_TIMEOUT_MS, webSocketPipe } from "./websocket-pipe.js";
import { type ParsedUrl, parseTransportUrl } from "./transport-url.js";

/** What `wss` negotiates; many servers negotiate nothing. */
export const HTTP1_ALPN: Alpn = { name: "http/1.1", required: false };

/** Options of {@link connectWebSocket}. */
export interface ConnectWebSocketOptions extends ConnectOptions {
  /** Whom to trust and what to present; only for `wss:`. */
  readonly tls?: ClientTls;
  /** Further headers of the request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection's limits: a message larger than the largest frame closes the pipe with 1009. */
  readonly limits?: Partial<XcpLimits>;
}

/**
 * Connects to a `ws://` or `wss://` URL with subprotocol `xcp.v0.2` and without compression.
 *
 * @throws XcpError `xcp.crypt_required` (ws: beyond loopback), `xcp.auth_required` and `xcp.auth_failed` (401, 403 or
 *   certificate), `xcp.version_unsupported` (subprotocol refused)
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`, `wire.invalid_uri`
 * @see spec/xcp.md §20
 */
export async function connectWebSocket(
  url: string,
  options: ConnectWebSocketOptions = {},
): Promise<MessagePipe> {
  const target = parseTransportUrl(url, ["ws", "wss"]);
  const { endpoint, where } = target;
  if (target.scheme === "ws") {
    refuseInsecure({ ...endpoint, transport: "ws", doing: "connecting to" }, options.allowInsecure);
  }
  return connectWithin(where, options, async (signal) => {
    const dialled =
      target.scheme === "wss"
        ? await dialTlsSocket(endpoint, options.tls ?? {}, HTTP1_ALPN, signal)
        : await dialSocket(endpoint, signal);
    return upgrade(dialled, target, options, signal);
  });
}

function upgrade(
  dialled: ConnectedSocket,
  target: ParsedUrl,
  options: ConnectWebSocketOptions,
  signal: AbortSignal,
): Promise<MessagePipe> {
  const { socket } = dialled;
  const clientOptions: ClientOptions & { readonly closeTimeout: number } = {
    // The connection stands already, so that its errors are told apart from those of HTTP.
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: largestFrameBytes(options.limits),
    closeTimeout: CLOSE_TIMEOUT_MS,
    ...(options.headers === undefined ? {} : { headers: { ...options.headers } }),
  };
  // TLS is done by now: to the library it is a plain WebSocket over a given socket.
  const request = new URL(target.url.href.replace(/^wss:/, "ws:"));
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(request, [XCP_SUBPROTOCOL], clientOptions);
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", abandon);
      reject(error);
      dialled.drop();
    };
    const abandon = (): void => {
      fail(signal.reason as Error);
    };
    signal.addEventListener("abort", abandon, { once: true });
    ws.on("error", fail);
    ws.on("upgrade", (response) => {
      const chosen = response.headers["sec-websocket-protocol"];
      if (chosen === XCP_SUBPROTOCOL) return;
      fail(
        new XcpError(
          "xcp.version_unsupported",
          `${target.where} did not choose the subprotocol ${XCP_SUBPROTOCOL}`,
        ),
      );
    });
    ws.on("unexpected-response", (_request, response) => {
      fail(statusError(response.statusCode ?? 0, target.where));
    });
    ws.on("open", () => {
      signal.removeEventListener("abort", abandon);
      resolve(webSocketPipe(ws, dialled.info("ws"), options));
    });
  });
}
