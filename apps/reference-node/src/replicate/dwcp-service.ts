import { type DwcpNode, startDwcpNode, type StoredObject } from "@proj/dwcp/node";
import type { DwcpConfig } from "./dwcp-config.js";
import { formatDwcpUrl } from "./dwcp-url.js";
import { ReplicaPublisher } from "./replica-publisher.js";

/** What a {@link DwcpService} is made of. */
export interface DwcpServiceOptions {
  readonly config: DwcpConfig;
  readonly nodeId: string;
  /** What both sides know. */
  readonly key: Uint8Array;
  /** Absolute. */
  readonly receiveFolder: string;
  /** Is told of every replica that is in its place. */
  readonly received: (object: StoredObject) => void;
}

/** The node's end of DWCP: takes replicas and lays them where people find them. */
export class DwcpService {
  readonly #node: DwcpNode;

  private constructor(node: DwcpNode) {
    this.#node = node;
  }

  /** Publishes what an earlier process had no time for, and listens. */
  static async start(options: DwcpServiceOptions): Promise<DwcpService> {
    const { config, nodeId, key, receiveFolder, received } = options;
    const publisher = new ReplicaPublisher(receiveFolder);
    const node = await startDwcpNode({
      nodeId,
      security: { mode: "psk", key },
      listen: { host: config.host, port: config.port },
      store: publisher.storeFolder,
      streams: { maxStreams: config.max_streams },
      received: async (object) => {
        await publisher.publish(object);
        received(object);
      },
    });
    try {
      if (node.store !== undefined) await publisher.catchUp(node.store);
    } catch (error) {
      await node.close();
      throw error;
    }
    return new DwcpService(node);
  }

  /** Where it listens. */
  get url(): string {
    const { address } = this.#node;
    return address === undefined ? "" : formatDwcpUrl(address);
  }

  /** Stops; senders go on with the next process. */
  close(): Promise<void> {
    return this.#node.close();
  }
}
