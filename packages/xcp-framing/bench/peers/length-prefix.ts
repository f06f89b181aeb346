import type { Socket } from "node:net";
import { LengthSplitter, type ReadLength } from "./length-splitter.js";
import type { EchoPeer } from "./peer.js";
import { ReplyQueue } from "./reply-queue.js";
import { dial, serveSockets } from "./sockets.js";

const readLength: ReadLength = (bytes, offset) => {
  if (bytes.length - offset < 4) return undefined;
  return { headBytes: 4, bodyBytes: (bytes as Buffer).readUInt32LE(offset) };
};

/** What people build by hand: a u32 length, then the bytes. */
export const lengthPrefix: EchoPeer = {
  serve: () =>
    serveSockets((socket) => {
      const splitter = new LengthSplitter(readLength, (body) => send(socket, body));
      socket.on("data", (chunk) => splitter.push(chunk));
    }),
  async connect(port) {
    const socket = await dial(port);
    const replies = new ReplyQueue();
    const splitter = new LengthSplitter(readLength, (body) => replies.answer(body));
    socket.on("data", (chunk) => splitter.push(chunk));
    return {
      echo(payload) {
        send(socket, payload);
        return replies.next();
      },
      close: () => void socket.destroy(),
    };
  },
};

function send(socket: Socket, body: Uint8Array): void {
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32LE(body.length);
  socket.cork();
  socket.write(head);
  socket.write(body);
  socket.uncork();
}
