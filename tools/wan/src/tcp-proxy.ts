import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { DelayedFlow, type FlowTrouble } from "./delayed-flow.js";

/** One connection through the proxy, as seen by the one that wants to spoil it. */
export interface ProxiedConnection {
  /** Which connection this is, from 0 in order of arrival. */
  readonly index: number;
  /** Bytes that reached the server so far. */
  readonly bytesToServer: number;
  /** Bytes that reached the client so far. */
  readonly bytesToClient: number;
  /** What happens to bytes on their way to the server, from now on. */
  troubleToServer(trouble: FlowTrouble): void;
  /** What happens to bytes on their way to the client, from now on. */
  troubleToClient(trouble: FlowTrouble): void;
  /** Ends both ends with a reset. */
  reset(): void;
}

/** Settings of a proxy. */
export interface TcpProxyOptions {
  readonly toPort: number;
  readonly toHost?: string;
  /** Time each way, in milliseconds; default 0. */
  readonly delayMs?: number;
  /** Bytes per second each way and connection; default no limit. */
  readonly bytesPerSecond?: number;
  /** Sees every connection as it begins. */
  readonly onConnection?: (connection: ProxiedConnection) => void;
}

/** A way to a TCP server that takes time and breaks on demand; needs no privileges. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: readonly ProxiedConnection[];
  /** From now on: `refuse` resets new connections, `accept` serves them. */
  admit(policy: "accept" | "refuse"): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const open = new Set<ProxiedConnection>();
  let count = 0;
  let admitted: "accept" | "refuse" = "accept";
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (admitted === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const connection = joined(client, count++, options, () => open.delete(connection));
    open.add(connection);
    options.onConnection?.(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return [...open];
    },
    admit: (policy) => {
      admitted = policy;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.reset();
      }),
  };
}

function joined(
  client: Socket,
  index: number,
  options: TcpProxyOptions,
  ended: () => void,
): ProxiedConnection {
  const { toPort, toHost = "127.0.0.1", delayMs = 0, bytesPerSecond = Infinity } = options;
  const upstream = connect({ port: toPort, host: toHost, noDelay: true, allowHalfOpen: true });
  const toServer = new DelayedFlow(client, upstream, delayMs, bytesPerSecond);
  const toClient = new DelayedFlow(upstream, client, delayMs, bytesPerSecond);
  let closed = 0;
  for (const socket of [client, upstream]) {
    socket.on("error", () => reset());
    socket.once("close", () => {
      if (++closed === 2) ended();
    });
  }
  const reset = () => {
    toServer.stop();
    toClient.stop();
    for (const socket of [client, upstream]) {
      if (!socket.destroyed) socket.resetAndDestroy();
    }
  };
  return {
    index,
    get bytesToServer() {
      return toServer.delivered;
    },
    get bytesToClient() {
      return toClient.delivered;
    },
    troubleToServer: (trouble) => toServer.trouble(trouble),
    troubleToClient: (trouble) => toClient.trouble(trouble),
    reset,
  };
}
