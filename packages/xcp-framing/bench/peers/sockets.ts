import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Serves each TCP connection with `accept`; resolves to the port. */
export async function serveSockets(accept: (socket: Socket) => void): Promise<number> {
  return listening(
    createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      accept(socket);
    }).listen(0, "127.0.0.1"),
  );
}

/** Resolves to the port of a server that was told to listen. */
export async function listening(server: Server): Promise<number> {
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Opens a TCP connection on loopback. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}
