import { randomFillSync } from "node:crypto";
import { type Operation, type Peer, spawnServer, type Target } from "@proj/bench";
import { peers } from "./peers/index.js";
import type { EchoClient, EchoServer, ForeignEchoPeer } from "./peers/peer.js";

// Making megabytes for every call would measure the generator and its garbage: payloads are used again, with a fresh start.
const FRESH_BYTES = 16;
const COMPARE_EVERY = 64;

/** Echoes payloads of `size` bytes with the server of peer `name` in a process of its own, checking what returns. */
export function echoing(name: string, size: number, target?: Target): Peer {
  return {
    name,
    ...(target === undefined ? {} : { target }),
    async open() {
      const load = peers[name];
      if (load === undefined) throw new Error(`no peer is called ${name}`);
      const peer = await load();
      const server = await startNode(name);
      return operation(name, size, server, await peer.connect(server.port));
    },
  };
}

/** As {@link echoing}, with a server that is another program. */
export function echoingForeign(name: string, peer: ForeignEchoPeer, size: number): Peer {
  return {
    name,
    async open() {
      const server = await peer.start();
      return operation(name, size, server, await peer.connect(server.port));
    },
  };
}

async function startNode(name: string): Promise<EchoServer> {
  const module = new URL("./echo-server.js", import.meta.url);
  const server = await spawnServer<{ port: number }>(module, name);
  return {
    port: server.ready.port,
    cpu: () => server.cpu(),
    close: () => server.close(),
  };
}

function operation(name: string, size: number, server: EchoServer, client: EchoClient): Operation {
  // As many as calls were ever in flight.
  const idle: Uint8Array[] = [];
  let calls = 0;
  return {
    async run() {
      const payload = idle.pop() ?? randomFillSync(Buffer.allocUnsafeSlow(size));
      randomFillSync(payload, 0, Math.min(FRESH_BYTES, size));
      const compare = calls++ % COMPARE_EVERY === 0;
      const reply = await client.echo(payload);
      if (reply.length !== size) throw new Error(`${name} returned ${reply.length} bytes`);
      if (compare && Buffer.compare(reply, payload) !== 0) throw new Error(`${name} differs`);
      // It came back, so it has left: nobody keeps it any more.
      idle.push(payload);
    },
    cpu: () => server.cpu(),
    async close() {
      client.close();
      await server.close();
    },
  };
}
