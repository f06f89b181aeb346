import { type MessagePipe, type WireError, wireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { XcpError } from "../errors.js";
import { refuseInsecure } from "../loopback.js";
import { XCP_SUBPROTOCOL } from "../websocket-binding.js";
import { webSocketPipe, type WebSocketPipeOptions } from "./websocket-pipe.js";

const CONNECT_TIMEOUT_MS = 10_000;

/** Options of {@link connectWebSocket}. */
export interface ConnectWebSocketOptions extends WebSocketPipeOptions {
  /** Milliseconds until connecting fails with `wire.timeout`. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives up with `wire.cancelled`; without effect once connected. */
  readonly signal?: AbortSignal;
  /** Lets `ws:` leave this host. spec/xcp.md §20 */
  readonly allowInsecure?: boolean;
}

/**
 * Connects to a `ws://` or `wss://` URL with the browser's own WebSocket and subprotocol `xcp.v0.2`.
 *
 * Why a connection failed a browser tells no page: certificate, status and refusal are all `wire.connection_failed`.
 *
 * @throws XcpError `xcp.crypt_required` (ws: beyond loopback), `xcp.version_unsupported` (subprotocol)
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`, `wire.invalid_uri`
 * @see spec/xcp.md §20
 */
export async function connectWebSocket(
  url: string,
  options: ConnectWebSocketOptions = {},
): Promise<MessagePipe> {
  const target = parseUrl(url);
  if (target.protocol === "ws:") {
    const host = target.hostname.replace(/^\[(.*)\]$/, "$1");
    const port = target.port === "" ? 80 : Number(target.port);
    refuseInsecure({ transport: "ws", doing: "connecting to", host, port }, options.allowInsecure);
  }
  const where = `${target.protocol}//${target.host}${target.pathname}`;
  if (options.signal?.aborted === true) throw cancelled(where, options.signal);
  const socket = new WebSocket(target, XCP_SUBPROTOCOL);
  // Made at once: messages may come in one piece with the handshake.
  const pipe = webSocketPipe(socket, options);
  await opened(socket, where, options);
  return pipe;
}

function parseUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol === "ws:" || target?.protocol === "wss:") return target;
  throw wireError("wire.invalid_uri", `not a ws: or wss: URL: ${url}`);
}

function opened(socket: WebSocket, where: string, options: ConnectWebSocketOptions): Promise<void> {
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
      socket.close();
    };
    const cancel = (): void => fail(cancelled(where, signal));
    const timer = (options.timers ?? systemTime).schedule(timeoutMs * 1000, () => {
      fail(wireError("wire.timeout", `connecting to ${where} took longer than ${timeoutMs} ms`));
    });
    signal?.addEventListener("abort", cancel, { once: true });
    socket.addEventListener("open", () => {
      if (socket.protocol === XCP_SUBPROTOCOL) {
        settle();
        resolve();
        return;
      }
      const text = `${where} did not choose the subprotocol ${XCP_SUBPROTOCOL}`;
      fail(new XcpError("xcp.version_unsupported", text));
    });
    socket.addEventListener("close", ({ code }) => {
      const details = { code, endpoint: where };
      fail(wireError("wire.connection_failed", `no WebSocket at ${where}`, { details }));
    });
  });
}

function cancelled(where: string, signal: AbortSignal | undefined): WireError {
  const cause: unknown = signal?.reason;
  return wireError("wire.cancelled", `connecting to ${where} was cancelled`, { cause });
}
