import { randomBytes } from "node:crypto";
import { isWireError } from "@proj/wire-types";
import type { DwcpConfig } from "../../config/config-table.js";
import { DwcpError } from "../../errors.js";
import type { MetricsBook } from "../../metrics/metrics-book.js";
import type { DwcpNode } from "../dwcp-node.js";
import type { PeerAddress } from "../net/link-options.js";
import { nodeHdePlatform } from "../node-hde-platform.js";
import { encodingOrderOf } from "./encoding-order.js";
import { requireKnownPeer } from "./known-peers.js";
import { sendPlainly } from "../plain/send-plainly.js";
import type { SendRequest } from "../transfer/send-request.js";
import { isStream } from "../transfer/send-source.js";
import { Spool } from "../transfer/spool.js";

/** What a managed transfer came to. */
export interface ManagedResult {
  /** Which way it took: `plain` without DWCP at either side. */
  readonly path: "dwcp" | "plain";
  /** The content id, in hexadecimal. */
  readonly rootHash: string;
  /** Bytes of the object. */
  readonly rawBytes: number;
  /** Bytes of the frames that carried it, with repeats. */
  readonly wireBytes: number;
}

/** A transfer that was asked for and is not over. */
export interface RunningTransfer {
  /** Names it as long as the manager lives. */
  readonly id: number;
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** What the object is called. */
  readonly key: string;
  /** `host:port` of the peer. */
  readonly peer: string;
  /** Raw bytes that are known to have arrived. */
  readonly arrivedBytes: number;
  /** Bytes of the object. */
  readonly rawBytes: number;
}

/** What transfers go by at the moment. */
export interface TransferContext {
  readonly config: DwcpConfig;
  /** Absent while DWCP does not run. */
  readonly node: DwcpNode | undefined;
  /** What plain transfers prove; absent where they are not allowed. */
  readonly plainSecret: Uint8Array | undefined;
}

interface Task {
  readonly id: number;
  readonly transferId: string;
  readonly key: string;
  readonly peer: string;
  readonly abort: AbortController;
  arrivedBytes: number;
  rawBytes: number;
  wireBytes: number;
}

/** The transfers of a manager: chooses their way, counts them, ends them. */
export class ManagedTransfers {
  readonly #metrics: MetricsBook;
  readonly #tasks = new Map<number, Task>();
  #next = 1;

  constructor(metrics: MetricsBook) {
    this.#metrics = metrics;
  }

  /** Those that are not over. */
  get running(): readonly RunningTransfer[] {
    return [...this.#tasks.values()].map(
      ({ id, transferId, key, peer, arrivedBytes, rawBytes }) => ({
        id,
        transferId,
        key,
        peer,
        arrivedBytes,
        rawBytes,
      }),
    );
  }

  /** Ends one; `false` when there is none of that number. */
  cancel(id: number): boolean {
    const task = this.#tasks.get(id);
    task?.abort.abort();
    return task !== undefined;
  }

  /** The id by which the node knows a transfer. */
  transferIdOf(id: number): string | undefined {
    return this.#tasks.get(id)?.transferId;
  }

  /** Waits until all are over, and ends them after `timeoutMs`. */
  async settle(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while (this.#tasks.size > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const reason = new DwcpError("dwcp.shutdown", "DWCP is stopped");
    for (const task of this.#tasks.values()) task.abort.abort(reason);
  }

  /** Sends an object, by DWCP or, where one side has none, plainly. @throws DwcpError */
  async send(
    peer: PeerAddress,
    request: SendRequest,
    context: TransferContext,
  ): Promise<ManagedResult> {
    requireKnownPeer(peer, context.config);
    const task = this.#begin(`${peer.host}:${peer.port}`, request);
    const startMs = performance.now();
    let result = "ok";
    // A stream flows once, and may be needed twice: the other side may turn out to be no DWCP peer.
    const spool = isStream(request.from) ? new Spool(request.from) : undefined;
    const again = spool === undefined ? request : { ...request, from: spool };
    try {
      const sent = context.config.enabled
        ? await this.#sendByDwcp(peer, again, context, task)
        : await this.#sendPlainly(peer, again, context, "disabled");
      task.wireBytes = sent.wireBytes;
      this.#count(task.peer, sent);
      return sent;
    } catch (error) {
      result = isWireError(error) ? error.code : "internal";
      throw error;
    } finally {
      spool?.close();
      this.#tasks.delete(task.id);
      this.#metrics.add("dwcp_transfer_wire_bytes_total", { peer: task.peer }, task.wireBytes);
      this.#metrics.set("dwcp_transfers_running", {}, this.#tasks.size);
      this.#metrics.add("dwcp_transfers_total", { result });
      if (result !== "ok") this.#metrics.add("dwcp_amst_errors_total", { error_type: result });
      const seconds = (performance.now() - startMs) / 1_000;
      this.#metrics.observe("dwcp_transfer_duration_seconds", { kind: "blob", result }, seconds);
    }
  }

  #begin(peer: string, request: SendRequest): Task {
    const abort = new AbortController();
    const { key, transferId = randomBytes(16).toString("hex") } = request;
    const id = this.#next++;
    const task = { id, transferId, key, peer, abort, arrivedBytes: 0, rawBytes: 0, wireBytes: 0 };
    this.#tasks.set(task.id, task);
    this.#metrics.set("dwcp_transfers_running", {}, this.#tasks.size);
    return task;
  }

  #count(peer: string, { rawBytes, wireBytes }: ManagedResult): void {
    this.#metrics.add("dwcp_transfer_raw_bytes_total", { peer }, rawBytes);
    if (wireBytes === 0) return;
    this.#metrics.observe("dwcp_hde_compression_ratio", {}, rawBytes / wireBytes);
  }

  async #sendByDwcp(
    peer: PeerAddress,
    request: SendRequest,
    context: TransferContext,
    task: Task,
  ): Promise<ManagedResult> {
    const { config, node } = context;
    if (node === undefined) throw new DwcpError("dwcp.shutdown", "DWCP does not run");
    // Without dictionaries a class says nothing.
    const { signal, resourceClass, ...plain } = request;
    const usesClass = config["compression.dictionary.enabled"] && resourceClass !== undefined;
    try {
      const sent = await node.send(peer, {
        ...encodingOrderOf(config),
        ...plain,
        ...(usesClass ? { resourceClass } : {}),
        transferId: task.transferId,
        signal:
          signal === undefined ? task.abort.signal : AbortSignal.any([signal, task.abort.signal]),
        progress: (arrived, all, wire) => {
          task.arrivedBytes = arrived;
          task.rawBytes = all;
          task.wireBytes = wire;
          request.progress?.(arrived, all, wire);
        },
      });
      const { rootHash, rawBytes, wireBytes } = sent;
      return { path: "dwcp", rootHash, rawBytes, wireBytes };
    } catch (error) {
      const isForeign = isWireError(error) && error.code === "dwcp.unsupported";
      if (!isForeign || !config["compat.fallback"]) throw error;
      return await this.#sendPlainly(peer, request, context, "no DWCP peer");
    }
  }

  async #sendPlainly(
    peer: PeerAddress,
    request: SendRequest,
    { config, plainSecret }: TransferContext,
    reason: string,
  ): Promise<ManagedResult> {
    if (plainSecret === undefined) {
      throw new DwcpError("dwcp.unsupported", "plain transfers go without TLS, which is asked for");
    }
    this.#metrics.add("dwcp_plain_transfers_total", { reason });
    const sent = await sendPlainly(peer, request, {
      platform: await nodeHdePlatform(),
      secret: plainSecret,
      timeoutMs: config["transport.connectTimeoutMs"],
    });
    return { path: "plain", ...sent };
  }
}
