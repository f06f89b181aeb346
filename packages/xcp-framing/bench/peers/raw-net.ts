import { ReplyQueue } from "./reply-queue.js";
import type { EchoPeer } from "./peer.js";
import { dial, serveSockets } from "./sockets.js";

/** The floor: no framing at all; the client knows how much to expect. */
export const rawNet: EchoPeer = {
  serve: () => serveSockets((socket) => void socket.on("data", (chunk) => socket.write(chunk))),
  async connect(port) {
    const socket = await dial(port);
    const replies = new ReplyQueue();
    const sizes: number[] = [];
    let parts: Buffer[] = [];
    let heldBytes = 0;
    socket.on("data", (chunk) => {
      parts.push(chunk);
      heldBytes += chunk.length;
      for (let size = sizes[0]; size !== undefined && heldBytes >= size; size = sizes[0]) {
        const whole = parts.length === 1 ? (parts[0] ?? chunk) : Buffer.concat(parts);
        parts = heldBytes === size ? [] : [whole.subarray(size)];
        heldBytes -= size;
        sizes.shift();
        replies.answer(whole.subarray(0, size));
      }
    });
    return {
      echo(payload) {
        sizes.push(payload.length);
        socket.write(payload);
        return replies.next();
      },
      close: () => void socket.destroy(),
    };
  },
};
