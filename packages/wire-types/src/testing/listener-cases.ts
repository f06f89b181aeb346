import type { ByteStream, Listener } from "@proj/wire-types";
import { type Case, check } from "./case.js";
import { StreamRecord } from "./stream-record.js";
import { until } from "./waiting.js";

/** A listener and the way to reach it. */
export interface Listening {
  /** Accepts connections. */
  readonly listener: Listener;
  /** The server's ends so far, in order of arrival. */
  readonly accepted: readonly ByteStream[];
  /** Opens a connection to it; rejects when nobody listens. */
  connect(): Promise<ByteStream>;
}

/** What every `Listener` must do; `listen` makes one anew for each case. */
export function listenerCases(listen: () => Promise<Listening>): readonly Case[] {
  return [
    {
      name: "accepts several connections and keeps them apart",
      async run() {
        const listening = await listen();
        const clients = [await listening.connect(), await listening.connect()].map(
          (stream) => new StreamRecord(stream),
        );
        await until(() => listening.accepted.length === 2, "both connections");
        const servers = listening.accepted.map((stream) => new StreamRecord(stream));
        for (const [i, client] of clients.entries()) client.stream.write([Uint8Array.of(i)]);
        await until(() => servers.every((server) => server.received === 1), "a byte each");
        for (const { stream } of [...clients, ...servers]) stream.destroy();
        await listening.listener.close();
      },
    },
    {
      name: "says where it listens",
      async run() {
        const { listener } = await listen();
        const { address } = listener;
        check(address.kind !== "inet" || address.port > 0, "it does not say which port it got");
        await listener.close();
      },
    },
    {
      name: "refuses connections once it is closed and lets those that exist live on",
      async run() {
        const listening = await listen();
        const client = new StreamRecord(await listening.connect());
        await until(() => listening.accepted.length === 1, "the connection");
        const [stream] = listening.accepted;
        check(stream !== undefined, "the connection was not accepted");
        const server = new StreamRecord(stream);
        const closed = listening.listener.close();
        client.stream.write([Uint8Array.of(1)]);
        await until(() => server.received === 1, "a byte on the connection that exists");
        check(await rejects(listening.connect()), "a closed listener accepted a connection");
        client.stream.destroy();
        server.stream.destroy();
        await closed;
      },
    },
    {
      name: "may be closed twice",
      async run() {
        const { listener } = await listen();
        await Promise.all([listener.close(), listener.close()]);
        await listener.close();
      },
    },
  ];
}

async function rejects(promise: Promise<ByteStream>): Promise<boolean> {
  try {
    (await promise).destroy();
    return false;
  } catch {
    return true;
  }
}
