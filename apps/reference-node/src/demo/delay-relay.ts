import { createServer, type Socket, connect } from "node:net";
import type { AddressInfo } from "node:net";

/** A way to a server that takes time, and knows how often it went there and back. */
export interface DelayRelay {
  readonly port: number;
  /** How often data of the server followed data of a client, so far. */
  readonly roundTrips: number;
  close(): Promise<void>;
}

/** Relays TCP connections to a port of this host; every chunk arrives `oneWayMs` later. */
export async function startDelayRelay(toPort: number, oneWayMs: number): Promise<DelayRelay> {
  const sockets = new Set<Socket>();
  let roundTrips = 0;
  const server = createServer((client) => {
    const upstream = connect({ port: toPort, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    let last: "client" | "server" = "server";
    forward(client, upstream, oneWayMs, () => {
      last = "client";
    });
    forward(upstream, client, oneWayMs, () => {
      if (last === "client") roundTrips++;
      last = "server";
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get roundTrips() {
      return roundTrips;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

// Timers of one length fire in the order they were set, so chunks stay in order.
function forward(from: Socket, to: Socket, afterMs: number, seen: () => void): void {
  from.on("data", (chunk: Buffer) => {
    seen();
    setTimeout(() => to.write(chunk), afterMs);
  });
  from.on("end", () => setTimeout(() => to.end(), afterMs));
  from.on("error", () => to.destroy());
}
