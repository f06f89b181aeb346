import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DwcpNode,
  type DwcpNodeOptions,
  type PeerAddress,
  startDwcpNode,
} from "@proj/dwcp/node";
import { startTcpProxy } from "@proj/wan";

const security = { mode: "psk", key: new TextEncoder().encode("both sides know this") } as const;
const streams = { minStreams: 1, initialStreams: 2, maxStreams: 4 };

/** Nodes with real sockets, a folder, and proxies between them. */
export class TwoNodes {
  readonly folder: string = mkdtempSync(join(tmpdir(), "dwcp-"));
  readonly #nodes = new Set<DwcpNode>();
  readonly #proxies: { close(): Promise<void> }[] = [];

  async start(options: Omit<DwcpNodeOptions, "security">): Promise<DwcpNode> {
    const node = await startDwcpNode({ security, streams, ...options });
    this.#nodes.add(node);
    return node;
  }

  /** A node that takes objects, at a port that is free or the one given. */
  receiving(port = 0): Promise<DwcpNode> {
    const listen = { host: "127.0.0.1", port };
    return this.start({ nodeId: "receiver", listen, store: join(this.folder, "store") });
  }

  async stop(node: DwcpNode): Promise<void> {
    this.#nodes.delete(node);
    await node.close();
  }

  /** A slow way to a node. */
  async slowly(node: DwcpNode, bytesPerSecond: number): Promise<PeerAddress> {
    const proxy = await startTcpProxy({ toPort: addressOf(node).port, bytesPerSecond });
    this.#proxies.push(proxy);
    return { host: "127.0.0.1", port: proxy.port };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => node.close()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function addressOf(node: DwcpNode): PeerAddress {
  if (node.address === undefined) throw new Error("it does not listen");
  return node.address;
}

/** What the file of the newest generation holds. */
export function storedIn(node: DwcpNode, key: string): Buffer {
  const object = node.store?.latest(key);
  if (object === undefined) throw new Error(`nothing is stored as ${key}`);
  return readFileSync(object.path);
}
