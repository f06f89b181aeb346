import { newWebSocketRpcSession, nodeHttpBatchRpcResponse } from "@proj/capnweb-rpc";
import type { LogSink } from "@proj/wire-types";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type HttpAddress, listenHttp } from "../listen-http.js";
import type { ControlToken } from "./control-token.js";
import { ControlGate, type ControlSource } from "./node-control.js";

/** Where the control API listens, and who may use it. */
export interface ControlServerOptions extends HttpAddress {
  /** What opens it. */
  readonly token: ControlToken;
  /** Takes records about failures. */
  readonly log: LogSink;
}

/** A running control API. */
export interface ControlServer {
  /** `http://host:port/control`; with `ws:` for the WebSocket. */
  readonly url: string;
  /** Ends every session and stops listening. */
  close(): Promise<void>;
}

/** The one path there is. */
export const CONTROL_PATH = "/control";

/** No report needs more; what a client sends is small. */
const MAX_MESSAGE_BYTES = 1_048_576;
/** Time for the first right token of a WebSocket. */
const AUTHENTICATE_MS = 10_000;
const MAX_CONNECTIONS = 64;

const batch = { maxBodyBytes: MAX_MESSAGE_BYTES, maxMessages: 1000, maxTimeMs: 10_000 };
const limits = {
  maxMessageSize: MAX_MESSAGE_BYTES,
  maxExports: 1000,
  maxImports: 1000,
  maxOutstandingCalls: 1000,
  maxMapWork: 10_000,
};

/**
 * Serves the control API: Cap'n Web over WebSocket and HTTP batch at one path. Everything but the gate needs
 * the token. Web pages of other origins are refused, whatever they know.
 *
 * @throws Error as `server.listen` fails, with `code` such as `EADDRINUSE`.
 */
export async function startControlServer(
  source: ControlSource,
  options: ControlServerOptions,
): Promise<ControlServer> {
  const http = createServer((request, response) => {
    answer(source, options, request, response).catch((error: unknown) => {
      options.log.log({
        level: "error",
        event: "node.control_failed",
        fields: { error: String(error) },
      });
      response.destroy();
    });
  });
  http.headersTimeout = 5_000;
  http.requestTimeout = 15_000;
  http.maxConnections = MAX_CONNECTIONS;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  http.on("upgrade", (request, socket, head) => {
    // From here on nobody else listens for what becomes of the socket.
    socket.on("error", () => socket.destroy());
    const status = refusal(request);
    if (status !== undefined) {
      refuse(socket, status);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      serveSocket(source, options, webSocket);
    });
  });
  const origin = await listenHttp(http, options);
  return {
    url: `${origin}${CONTROL_PATH}`,
    async close() {
      for (const socket of sockets.clients) socket.close(1001, "the node is closing");
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeIdleConnections();
      const late = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        http.closeAllConnections();
      }, 1000);
      await closed;
      clearTimeout(late);
    },
  };
}

async function answer(
  source: ControlSource,
  { token }: ControlServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const status = refusal(request);
  if (status === undefined) {
    const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
    const gate = new ControlGate(source, token);
    await nodeHttpBatchRpcResponse(request, response, gate, { headers, batch, limits });
    return;
  }
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(status === 404 ? `Cap'n Web is at ${CONTROL_PATH}\n` : "not for other origins\n");
}

function serveSocket(
  source: ControlSource,
  { token }: ControlServerOptions,
  webSocket: WebSocket,
): void {
  const patience = setTimeout(() => webSocket.close(1008, "no token"), AUTHENTICATE_MS);
  webSocket.once("close", () => clearTimeout(patience));
  const gate = new ControlGate(source, token, () => clearTimeout(patience));
  newWebSocketRpcSession(webSocket, gate, { limits });
}

/** Browsers say which page asks, and open WebSockets for any page. */
function refusal(request: IncomingMessage): 403 | 404 | undefined {
  if (request.url?.split("?")[0] !== CONTROL_PATH) return 404;
  const { origin, host } = request.headers;
  if (origin === undefined) return undefined;
  return URL.canParse(origin) && new URL(origin).host === host ? undefined : 403;
}

function refuse(socket: Duplex, status: 403 | 404): void {
  const text = status === 403 ? "Forbidden" : "Not Found";
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
