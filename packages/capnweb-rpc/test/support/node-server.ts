import type * as ours from "@proj/capnweb-rpc";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** What a server needs of either implementation. */
export type ServerLibrary = Pick<typeof ours, "nodeHttpBatchRpcResponse"> & {
  readonly newWebSocketRpcSession: (socket: never, localMain: unknown) => unknown;
};

/** A server on a free port that answers batches and WebSockets. */
export class NodeServer {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #options: ours.NodeHttpBatchOptions;

  constructor(
    library: ServerLibrary,
    makeMain: () => unknown,
    options: ours.NodeHttpBatchOptions = {},
  ) {
    this.#options = options;
    this.#http = createServer((request, response) => {
      void library.nodeHttpBatchRpcResponse(request, response, makeMain(), this.#options);
    });
    this.#sockets = new WebSocketServer({ server: this.#http });
    this.#sockets.on("connection", (socket) => {
      library.newWebSocketRpcSession(socket as never, makeMain());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
