import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { apiOf, type Library } from "./libraries.js";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */

/** A peer's main stub and what ends the connection. */
export interface Connection {
  readonly main: any;
  close(): void | Promise<void>;
}

/** A connection that counts. */
export interface CountedConnection extends Connection {
  readonly traffic: Traffic;
}

/** What crossed, both ways together. */
export interface Traffic {
  messages: number;
  characters: number;
}

/** One end of a pair of transports without a network. */
class MemoryTransport {
  other: MemoryTransport | undefined;
  readonly traffic: Traffic;
  readonly #queue: string[] = [];
  #waiting: ((message: string) => void) | undefined;

  constructor(traffic: Traffic) {
    this.traffic = traffic;
  }

  send(message: string): void {
    this.traffic.messages++;
    this.traffic.characters += message.length;
    this.other?.take(message);
  }

  receive(): Promise<string> {
    const next = this.#queue.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  take(message: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#queue.push(message);
    else waiting(message);
  }
}

/** Connects two sessions of one implementation in this process. */
export function inProcess(library: Library): CountedConnection {
  const traffic = { messages: 0, characters: 0 };
  const client = new MemoryTransport(traffic);
  const server = new MemoryTransport(traffic);
  client.other = server;
  server.other = client;
  const Api = apiOf(library);
  void new library.RpcSession(server, new Api());
  const main = new library.RpcSession(client).getRemoteMain();
  return { main, traffic, close: () => main[Symbol.dispose]() };
}

/** Connects two sessions of one implementation over a WebSocket to this process. */
export async function overWebSocket(library: Library): Promise<Connection> {
  const Api = apiOf(library);
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket) => {
    library.newWebSocketRpcSession(socket, new Api());
  });
  const socket = new WebSocket(`ws://${await listen(http)}`);
  await once(socket, "open");
  const main = library.newWebSocketRpcSession(socket);
  return {
    main,
    close() {
      socket.terminate();
      return end(http);
    },
  };
}

/** Starts a server for batches and answers its URL. */
export async function batchServer(
  library: Library,
): Promise<{ url: string; close(): Promise<void> }> {
  const Api = apiOf(library);
  const http = createServer((request, response) => {
    void library.nodeHttpBatchRpcResponse(request, response, new Api());
  });
  return { url: `http://${await listen(http)}`, close: () => end(http) };
}

async function listen(http: Server): Promise<string> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function end(http: Server): Promise<void> {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
}
