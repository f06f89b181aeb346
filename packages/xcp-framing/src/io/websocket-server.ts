import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  STATUS_CODES,
} from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type MessagePipe, wireError } from "@proj/wire-types";
import { type ServerOptions, WebSocketServer } from "ws";
import type { XcpLimits } from "../limits.js";
import { refuseInsecure } from "../loopback.js";
import { XCP_SUBPROTOCOL } from "../websocket-binding.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { plainInfo, tcpEndpoint } from "./endpoint.js";
import {
  handshakeTimeoutOf,
  type ListenAddress,
  type ListenOptions,
  listenSocket,
  listenTlsSocket,
  type SocketListener,
} from "./listen-socket.js";
import { largestFrameBytes } from "./message-limit.js";
import { type ServerTls, tlsInfo } from "./tls-options.js";
import { HTTP1_ALPN } from "./websocket-client.js";
import { CLOSE_TIMEOUT_MS, webSocketPipe } from "./websocket-pipe.js";

/** What a WebSocket endpoint admits. */
export interface WebSocketRules {
  /** The path it answers at. Default `/xcp`. */
  readonly path?: string;
  /**
   * Origins (`https://app.example`) whose pages may connect; `"*"` admits all. Clients that send no Origin, which no
   * browser does, are always admitted. Default: none.
   */
  readonly origins?: readonly string[];
  /** The connections' limits: a message larger than the largest frame closes its pipe with 1009. */
  readonly limits?: Partial<XcpLimits>;
  /** Queued bytes per pipe from which `send` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
}

/** Options of {@link listenWebSocket}. */
export interface ListenWebSocketOptions extends ListenOptions, ListenAddress, WebSocketRules {
  /** Makes it `wss`. */
  readonly tls?: ServerTls;
}

/**
 * Accepts WebSockets with subprotocol `xcp.v0.2` on a server of its own.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `tls` and `allowInsecure`
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §20
 */
export async function listenWebSocket(
  options: ListenWebSocketOptions,
  accept: (pipe: MessagePipe) => void,
): Promise<SocketListener> {
  const endpoint = tcpEndpoint(options);
  const upgrade = upgrader(options, accept);
  const http = createHttpServer((_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  // From connecting to the upgrade one time limit holds, however the bytes trickle.
  const waiting = new WeakMap<Duplex, NodeJS.Timeout>();
  http.on("upgrade", (request, socket, head) => {
    clearTimeout(waiting.get(socket));
    if (!upgrade(request, socket, head)) refuse(socket, 404);
  });
  const admit = ({ socket }: ConnectedSocket): void => {
    const timer = setTimeout(() => {
      options.onError?.(wireError("wire.timeout", "a client did not ask for a WebSocket in time"));
      socket.destroy();
    }, handshakeTimeoutOf(options));
    socket.once("close", () => clearTimeout(timer));
    waiting.set(socket, timer);
    http.emit("connection", socket);
  };
  if (options.tls !== undefined) {
    return listenTlsSocket(endpoint, options.tls, HTTP1_ALPN, options, admit);
  }
  refuseInsecure({ ...endpoint, transport: "ws", doing: "listening at" }, options.allowInsecure);
  return listenSocket(endpoint, options, admit);
}

/** Takes a WebSocket endpoint off its server again. */
export interface AttachedWebSocket {
  /** Stops accepting; pipes that exist live on. */
  close(): void;
}

/**
 * Accepts WebSockets at one path of an HTTP or HTTPS server that has other things to do, too.
 *
 * Upgrades at other paths are left to the server's other `upgrade` listeners, or refused with 404 when it has none.
 * Whether the server may be reached without encryption is its owner's decision.
 */
export function attachWebSocket(
  server: HttpServer | HttpsServer,
  rules: WebSocketRules,
  accept: (pipe: MessagePipe) => void,
): AttachedWebSocket {
  const upgrade = upgrader(rules, accept);
  const listener = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (upgrade(request, socket, head)) return;
    if (server.listenerCount("upgrade") === 1) refuse(socket, 404);
  };
  server.on("upgrade", listener);
  return { close: () => void server.removeListener("upgrade", listener) };
}

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** Makes what answers an upgrade; it returns `false`, having done nothing, for another path. */
function upgrader(rules: WebSocketRules, accept: (pipe: MessagePipe) => void): Upgrade {
  const serverOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: largestFrameBytes(rules.limits),
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: () => XCP_SUBPROTOCOL,
  };
  const server = new WebSocketServer(serverOptions);
  const path = rules.path ?? "/xcp";
  return (request, socket, head) => {
    if (request.url?.split("?", 1)[0] !== path) return false;
    const refusal = refusalOf(request, rules.origins ?? []);
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return true;
    }
    server.handleUpgrade(request, socket, head, (ws) => {
      const raw = request.socket;
      const info = raw instanceof TLSSocket ? tlsInfo(raw, "ws") : plainInfo(raw, "ws");
      accept(webSocketPipe(ws, info, rules));
    });
    return true;
  };
}

function refusalOf(request: IncomingMessage, origins: readonly string[]): number | undefined {
  const { origin, "sec-websocket-protocol": offered } = request.headers;
  if (origin !== undefined && !origins.includes(origin) && !origins.includes("*")) return 403;
  const names = offered?.split(",").map((name) => name.trim()) ?? [];
  return names.includes(XCP_SUBPROTOCOL) ? undefined : 400;
}

function refuse(socket: Duplex, status: number): void {
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}
