import type { DwcpConfig } from "../../config/config-table.js";
import type { DwcpNode } from "../dwcp-node.js";
import { startDwcpNode } from "../start-node.js";
import { nodeHdePlatform } from "../node-hde-platform.js";
import { PlainReceiver } from "../plain/plain-receiver.js";
import type { Received } from "../transfer/receive-job-context.js";
import { type ManagerSecrets, nodeOptionsOf } from "./node-options.js";

/** What a managed node is started with. */
export interface ManagedNodeOptions {
  readonly config: DwcpConfig;
  readonly secrets: ManagerSecrets;
  /** What plain transfers prove; absent where they are not allowed. */
  readonly plainSecret: Uint8Array | undefined;
  readonly received: Received;
}

/** A node with what a manager keeps beside it: whoever takes plain transfers, and the timer of pruning. */
export class ManagedNode {
  readonly node: DwcpNode;
  readonly #plain: PlainReceiver | undefined;
  readonly #pruneTimer: NodeJS.Timeout;

  private constructor(node: DwcpNode, plain: PlainReceiver | undefined, pruneIntervalMs: number) {
    this.node = node;
    this.#plain = plain;
    this.#pruneTimer = setInterval(() => node.pruneBaselines(), pruneIntervalMs);
  }

  /** Starts it. @throws DwcpError `dwcp.invalid_config` */
  static async start({
    config,
    secrets,
    plainSecret,
    received,
  }: ManagedNodeOptions): Promise<ManagedNode> {
    let plain: PlainReceiver | undefined;
    const node = await startDwcpNode({
      ...nodeOptionsOf(config, secrets),
      received,
      // Who takes them is known by the time somebody connects.
      foreign: (socket, bytes) => {
        if (plain === undefined) socket.destroy();
        else void plain.take(socket, bytes);
      },
    });
    if (node.store !== undefined && plainSecret !== undefined && config["compat.fallback"]) {
      plain = new PlainReceiver({
        store: node.store,
        platform: await nodeHdePlatform(),
        secret: plainSecret,
        timeoutMs: config["transport.connectTimeoutMs"],
        received,
      });
    }
    return new ManagedNode(node, plain, config["compression.pruneIntervalMs"]);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    clearInterval(this.#pruneTimer);
    this.#plain?.close();
    await this.node.close();
  }
}
