import { createHash } from "node:crypto";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { DwcpConfig } from "../../config/config-table.js";
import { type ConfigChange, diffConfig, requireConfig } from "../../config/read-config.js";
import { DwcpError } from "../../errors.js";
import { MetricsBook } from "../../metrics/metrics-book.js";
import type { DictionaryInfo } from "../../dictionary/dictionary-book.js";
import type { KeptStateInfo } from "../transfer/sent-states.js";
import { type DwcpNode, startDwcpNode } from "../dwcp-node.js";
import type { PeerAddress } from "../net/peer-link.js";
import type { TrafficReading } from "../net/traffic-tally.js";
import { nodeHdePlatform } from "../node-hde-platform.js";
import { PlainReceiver } from "../plain/plain-receiver.js";
import type { ObjectStore, StoredObject } from "../store/object-store.js";
import type { SendRequest } from "../transfer/outbox.js";
import { type ManagedResult, ManagedTransfers, type RunningTransfer } from "./managed-transfers.js";
import { nodeOptionsOf } from "./node-options.js";
import { TransportMetrics } from "./transport-metrics.js";

/** Where a manager is. spec/dwcp.md B7 */
export type ManagerState =
  | "disabled"
  | "stopped"
  | "starting"
  | "running"
  | "degraded"
  | "stopping"
  | "failed";

/** What a configuration must not hold. */
export interface ManagerSecrets {
  /** The pre-shared key. */
  readonly key?: Uint8Array | undefined;
  readonly tls?: { readonly server?: TlsOptions; readonly client?: ConnectionOptions } | undefined;
  /** Folder of received objects; without it the node only sends. */
  readonly store?: string | undefined;
  /** Folder of states that peers committed; without it none are kept to send the next ones against. */
  readonly baselines?: string | undefined;
}

/** What a manager is made of. */
export interface ManagerOptions extends ManagerSecrets {
  /** Nested, as files hold it. */
  readonly config: unknown;
  /** Hears of every object that arrived whole, before its sender does. */
  readonly received?: (object: StoredObject) => void | Promise<void>;
}

/** Whether a manager does what it should. */
export interface ManagerHealth {
  /** The process is well, even where DWCP is disabled. */
  readonly live: boolean;
  /** Transfers can be asked for. */
  readonly ready: boolean;
  readonly state: ManagerState;
  /** Why it failed, or what is degraded. */
  readonly reason?: string;
  readonly runningTransfers: number;
}

interface Version {
  readonly config: DwcpConfig;
  readonly etag: string;
}

const HISTORY = 20;

/**
 * Owns a node: its life, its configuration, its health and its metrics.
 *
 * ```
 * disabled ⇄ (enabled) stopped ─start─▶ starting ─▶ running ─stop─▶ stopping ─▶ stopped
 *                                       starting ─▶ failed ─start─▶ starting
 * running ⇄ degraded, as sessions have streams or too few
 * ```
 *
 * `start` and `stop` may be called in every state, twice, and during one another. Disabled, nothing is opened: transfers go
 * plainly, over one connection.
 *
 * @see spec/dwcp.md B7, B16
 */
export class DwcpManager {
  readonly #metrics: MetricsBook;
  readonly #transport: TransportMetrics;
  readonly #options: ManagerOptions;
  readonly #history: Version[] = [];
  readonly #transfers: ManagedTransfers;
  #node: DwcpNode | undefined;
  #plain: PlainReceiver | undefined;
  #state: Exclude<ManagerState, "degraded">;
  #reason: string | undefined;
  #pruneTimer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();

  /** @throws DwcpError `dwcp.invalid_config` naming every problem. */
  constructor(options: ManagerOptions) {
    this.#options = options;
    const config = requireConfig(options.config);
    this.#history.push(versionOf(config));
    this.#state = config.enabled ? "stopped" : "disabled";
    this.#metrics = new MetricsBook(config["node.id"]);
    this.#transport = new TransportMetrics(this.#metrics);
    this.#transfers = new ManagedTransfers(this.#metrics);
  }

  /** The configuration in force. */
  get config(): DwcpConfig {
    return this.#current.config;
  }

  /** Names the configuration in force: changes have to name it, too. */
  get etag(): string {
    return this.#current.etag;
  }

  /** Earlier configurations, the oldest first; the last one is in force. */
  get history(): readonly Version[] {
    return this.#history;
  }

  /** Where it is. Degraded: a session has too few streams, or a peer that something waits for cannot be reached. */
  get state(): ManagerState {
    if (this.#state !== "running") return this.#state;
    return this.#troubled.length > 0 ? "degraded" : "running";
  }

  /** What went between the node and its peers; empty while none runs. */
  get traffic(): readonly TrafficReading[] {
    return this.#node?.traffic ?? [];
  }

  /** The metrics, as they are now. */
  get metrics(): MetricsBook {
    this.#transport.take(this.traffic);
    this.#measureState();
    return this.#metrics;
  }

  /** Where the node listens. */
  get address(): PeerAddress | undefined {
    return this.#node?.address;
  }

  /** What the node has received. */
  get store(): ObjectStore | undefined {
    return this.#node?.store;
  }

  /** Whether it does what it should. Disabled is well. */
  get health(): ManagerHealth {
    const { state } = this;
    const reason = state === "degraded" ? this.#troubled.join("; ") : this.#reason;
    return {
      live: state !== "failed",
      ready: state === "running" || state === "degraded" || state === "disabled",
      state,
      ...(reason === undefined ? {} : { reason }),
      runningTransfers: this.#transfers.running.length,
    };
  }

  /** Transfers that are not over. */
  get transfers(): readonly (RunningTransfer & { readonly isPaused: boolean })[] {
    return this.#transfers.running.map((transfer) => ({
      ...transfer,
      isPaused: this.#node?.isPaused(transfer.transferId) === true,
    }));
  }

  /** Starts the node; disabled, that succeeds and does nothing. @throws DwcpError why it does not start */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Ends everything: running transfers get the shutdown timeout. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  /**
   * Puts a configuration in force: all of it or nothing.
   *
   * @param change.etag The configuration that the caller has seen.
   * @param change.allowRestart Whether sessions may be closed; transfers go on afterwards.
   * @throws DwcpError `dwcp.invalid_config` with every problem, `dwcp.conflict` where somebody else was faster
   */
  reconfigure(
    nested: unknown,
    change: { readonly etag: string; readonly allowRestart: boolean },
  ): Promise<readonly ConfigChange[]> {
    return this.#inTurn(async () => {
      if (change.etag !== this.etag) {
        throw new DwcpError("dwcp.conflict", "the configuration was changed meanwhile");
      }
      const next = requireConfig(nested);
      const changes = diffConfig(this.config, next);
      const restarts = changes.filter(({ applies }) => applies === "restart");
      if (restarts.length > 0 && !change.allowRestart) {
        const paths = restarts.map(({ path }) => path).join(", ");
        throw new DwcpError(
          "dwcp.invalid_config",
          `${paths}: needs a restart that was not asked for`,
        );
      }
      if (changes.length > 0) await this.#apply(next, restarts.length > 0);
      return changes;
    });
  }

  /**
   * Sends an object, by DWCP or, where one side has none, plainly.
   *
   * @throws DwcpError
   */
  transfer(peer: PeerAddress, request: SendRequest): Promise<ManagedResult> {
    return this.#transfers.send(peer, request, {
      config: this.config,
      node: this.#node,
      plainSecret: this.#plainSecret(),
    });
  }

  /** Ends a transfer; `false` when there is none of that number. */
  cancel(id: number): boolean {
    return this.#transfers.cancel(id);
  }

  /** Holds a transfer; `false` when none of that number goes by DWCP. */
  pause(id: number): boolean {
    return this.#steer(id, "pause");
  }

  /** Lets a held transfer go on; `false` when none of that number goes by DWCP. */
  continue(id: number): boolean {
    return this.#steer(id, "continue");
  }

  /** States that are kept to send the next ones against. */
  get baselines(): readonly KeptStateInfo[] {
    return this.#node?.baselines ?? [];
  }

  /** Dictionaries that were trained here, or came from peers. */
  get dictionaries(): readonly DictionaryInfo[] {
    return this.#node?.dictionaries ?? [];
  }

  /** Removes kept states that are too old or too many; gives their content ids. */
  prune(): readonly string[] {
    return this.#node?.pruneBaselines() ?? [];
  }

  /** Trains dictionaries of the samples at hand; gives the classes that have a new one. */
  async train(): Promise<readonly string[]> {
    return (await this.#node?.trainDictionaries()) ?? [];
  }

  #steer(id: number, verb: "pause" | "continue"): boolean {
    const transferId = this.#transfers.transferIdOf(id);
    return transferId !== undefined && this.#node?.steer(transferId, verb) === true;
  }

  get #current(): Version {
    const last = this.#history.at(-1);
    if (last === undefined) throw new Error("a manager has a configuration from its beginning");
    return last;
  }

  get #troubled(): readonly string[] {
    return this.traffic.flatMap(({ peer, condition, streams }) => {
      if (condition === "away") return [`${peer} cannot be reached`];
      return condition === "degraded" ? [`${peer}: ${streams} streams are too few`] : [];
    });
  }

  // Whatever is asked for happens one after the other.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #start(): Promise<void> {
    if (this.#state === "running" || this.#state === "disabled") return;
    this.#enter("starting");
    try {
      const options = nodeOptionsOf(this.config, this.#options);
      const received = (object: StoredObject): void | Promise<void> => {
        this.#metrics.add("dwcp_received_bytes_total", {}, object.length);
        return this.#options.received?.(object);
      };
      const node = await startDwcpNode({
        ...options,
        received,
        // The node below is known by the time somebody connects.
        foreign: (socket, bytes) => {
          if (this.#plain === undefined) socket.destroy();
          else void this.#plain.take(socket, bytes);
        },
      });
      this.#node = node;
      const secret = this.#plainSecret();
      if (node.store !== undefined && secret !== undefined && this.config["compat.fallback"]) {
        this.#plain = new PlainReceiver({
          store: node.store,
          platform: await nodeHdePlatform(),
          secret,
          timeoutMs: this.config["transport.connectTimeoutMs"],
          received,
        });
      }
      this.#pruneTimer = setInterval(
        () => this.prune(),
        this.config["compression.pruneIntervalMs"],
      );
      this.#measureTransport();
      this.#enter("running");
    } catch (error) {
      this.#reason = error instanceof Error ? error.message : String(error);
      this.#enter("failed");
      throw error;
    }
  }

  async #stop(): Promise<void> {
    if (this.#state === "disabled" || this.#state === "stopped") return;
    this.#enter("stopping");
    await this.#transfers.settle(this.config["transport.shutdownTimeoutMs"]);
    clearInterval(this.#pruneTimer);
    this.#plain?.close();
    await this.#node?.close();
    this.#transport.takeLast(this.traffic);
    this.#node = undefined;
    this.#plain = undefined;
    this.#enter("stopped");
  }

  async #apply(next: DwcpConfig, restarts: boolean): Promise<void> {
    const before = this.#current;
    const wasRunning = this.#state === "running" || this.#state === "failed";
    const starts = next.enabled && (wasRunning || !before.config.enabled);
    if (restarts) await this.#stop();
    this.#history.push(versionOf(next));
    if (this.#history.length > HISTORY) this.#history.shift();
    if (!restarts) return;
    this.#enter(next.enabled ? "stopped" : "disabled");
    if (!starts) return;
    try {
      await this.#start();
    } catch (error) {
      // What cannot run does not stay: the configuration before comes back.
      this.#history.pop();
      this.#enter(before.config.enabled ? "stopped" : "disabled");
      if (wasRunning) await this.#start();
      throw error;
    }
  }

  // Plain transfers prove the key and are not encrypted, as sessions with a key are not.
  #plainSecret(): Uint8Array | undefined {
    const mode = this.config["security.mode"];
    if (mode === "none") return new Uint8Array(0);
    return mode === "psk" ? this.#options.key : undefined;
  }

  #enter(state: Exclude<ManagerState, "degraded">): void {
    this.#state = state;
    if (state !== "failed") this.#reason = undefined;
  }

  // Never says rdma while bytes go over TCP. spec/dwcp.md B14
  #measureTransport(): void {
    const provider = this.#options.tls === undefined ? "tcp" : "tls";
    const asked = this.config["transport.provider"];
    const reason = asked === "rdma" ? "no rdma provider is built in" : "as configured";
    this.#metrics.set("dwcp_transport_info", { provider, reason }, 1);
  }

  #measureState(): void {
    const { config, health } = this;
    const isWell = health.ready && health.state !== "degraded";
    const value = isWell ? 2 : health.live ? 1 : 0;
    this.#metrics.set("dwcp_system_config_enabled", { feature: "dwcp" }, config.enabled ? 1 : 0);
    this.#metrics.set("dwcp_system_component_health", { component: "manager" }, value);
  }
}

function versionOf(config: DwcpConfig): Version {
  const etag = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 16);
  return { config, etag };
}
