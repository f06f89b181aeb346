import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

/** A WebSocket server that can be killed and started again on the same port. */
export class RestartingServer {
  readonly #accept: (socket: WebSocket) => void;
  #server: WebSocketServer | undefined;
  port = 0;

  /** `accept` starts a session on every socket. */
  constructor(accept: (socket: WebSocket) => void) {
    this.#accept = accept;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: this.port });
    this.#server = server;
    server.on("connection", this.#accept);
    await new Promise((resolve) => server.once("listening", resolve));
    this.port = (server.address() as { readonly port: number }).port;
  }

  /** Cuts every connection and stops listening. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}
