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
  /** Looks after health, every `health.intervalMs`. */
  readonly look: () => void;
}

/** A node with what a manager keeps beside it: whoever takes plain transfers, and the timers of pruning and of health. */
export class ManagedNode {
  readonly node: DwcpNode;
  readonly #plain: PlainReceiver | undefined;
  readonly #timers: readonly NodeJS.Timeout[];

  private constructor(
    node: DwcpNode,
    plain: PlainReceiver | undefined,
    { config, look }: Pick<ManagedNodeOptions, "config" | "look">,
  ) {
    this.node = node;
    this.#plain = plain;
    this.#timers = [
      setInterval(() => node.pruneBaselines(), config["compression.pruneIntervalMs"]),
      setInterval(look, config["health.intervalMs"]),
    ];
  }

  /** Starts it. @throws DwcpError `dwcp.invalid_config` */
  static async start({
    config,
    secrets,
    plainSecret,
    received,
    look,
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
    return new ManagedNode(node, plain, { config, look });
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#plain?.close();
    await this.node.close();
  }
}
