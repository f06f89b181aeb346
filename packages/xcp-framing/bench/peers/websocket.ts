import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { EchoPeer } from "./peer.js";
import { ReplyQueue } from "./reply-queue.js";

/** Binary WebSocket messages, by ws. */
export const websocket: EchoPeer = {
  async serve() {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
    server.on("connection", (socket) => {
      socket.on("error", () => socket.terminate());
      socket.on("message", (message: Buffer) => socket.send(message));
    });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  },
  async connect(port) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, "open");
    const replies = new ReplyQueue();
    socket.on("message", (message: Buffer) => replies.answer(message));
    return {
      echo(payload) {
        socket.send(payload);
        return replies.next();
      },
      close: () => socket.terminate(),
    };
  },
};
