import { newHttpBatchRpcResponse } from "./http-batch-server.js";
import type { HttpBatchServerOptions } from "./batch-limits.js";
import type { WebSocketLike } from "./web-socket-like.js";
import { newWebSocketRpcSession } from "./web-socket-session.js";
import type { RpcSessionOptions } from "../session/rpc-session.js";

/** The server's end of the pair that Cloudflare Workers make. */
interface WorkersWebSocket extends WebSocketLike {
  accept(): void;
}

type WebSocketPair = new () => { readonly 0: WorkersWebSocket; readonly 1: WebSocketLike };

/**
 * Answers a request to upgrade on Cloudflare Workers, and starts a session on the socket; 400 to
 * anything else.
 *
 * Browsers let any site connect: check the `Origin`, or have callers prove who they are in a call.
 * spec/capnweb.md §14.1, §15
 */
export function newWorkersWebSocketRpcResponse(
  request: Request,
  localMain?: unknown,
  options?: RpcSessionOptions,
): Response {
  if (!wantsWebSocket(request)) {
    return new Response("This endpoint only accepts WebSocket requests.", { status: 400 });
  }
  const { WebSocketPair: Pair } = globalThis as unknown as {
    readonly WebSocketPair: WebSocketPair;
  };
  const { 0: server, 1: client } = new Pair();
  server.accept();
  newWebSocketRpcSession(server, localMain, options);
  return new Response(null, { status: 101, webSocket: client } as ResponseInit);
}

/**
 * Answers batches and WebSockets alike on Cloudflare Workers, from pages of any site; 400 to anything
 * else. spec/capnweb.md §2.3, §15
 */
export async function newWorkersRpcResponse(
  request: Request,
  localMain: unknown,
  options?: HttpBatchServerOptions,
): Promise<Response> {
  if (request.method === "POST") {
    const response = await newHttpBatchRpcResponse(request, localMain, options);
    response.headers.set("Access-Control-Allow-Origin", "*");
    return response;
  }
  if (wantsWebSocket(request)) return newWorkersWebSocketRpcResponse(request, localMain, options);
  return new Response("This endpoint only accepts POST or WebSocket requests.", { status: 400 });
}

function wantsWebSocket({ headers }: Request): boolean {
  return headers.get("Upgrade")?.toLowerCase() === "websocket";
}
