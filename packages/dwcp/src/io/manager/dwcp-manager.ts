import type { DwcpConfig } from "../../config/config-table.js";
import type { ConfigChange } from "../../config/read-config.js";
import { MetricsBook } from "../../metrics/metrics-book.js";
import type { DictionaryInfo } from "../../dictionary/dictionary-book.js";
import type { KeptStateInfo } from "../transfer/sent-states.js";
import type { DwcpNode } from "../dwcp-node.js";
import type { MigrationRequest, MigrationResult } from "../migration/migrate.js";
import type { PeerAddress } from "../net/link-options.js";
import type { StreamReading } from "../net/stream-reading.js";
import type { TrafficReading } from "../net/traffic-tally.js";
import type { ObjectStore } from "../store/object-store.js";
import type { SendRequest } from "../transfer/send-request.js";
import type { Received } from "../transfer/receive-job-context.js";
import { type ChangeTerms, ConfigHistory, type ConfigVersion } from "./config-history.js";
import { ManagedMigrations, type RunningMigration } from "./managed-migrations.js";
import { ManagedNode } from "./managed-node.js";
import { type ManagedResult, ManagedTransfers, type RunningTransfer } from "./managed-transfers.js";
import { ManagerMetrics } from "./manager-metrics.js";
import type { ManagerHealth, ManagerState } from "./manager-state.js";
import { NodeLifecycle } from "./node-lifecycle.js";
import { NodeMetrics } from "./node-metrics.js";
import type { ManagerSecrets } from "./node-options.js";
import { type TransportInfo, transportOf } from "./transport-info.js";

/** What a manager is made of. */
export interface ManagerOptions extends ManagerSecrets {
  /** Nested, as files hold it. */
  readonly config: unknown;
  /** Hears of every object that arrived whole, before its sender does. */
  readonly received?: Received;
  /** Hears when state, reason or note differ from what they were, as it is looked at every `health.intervalMs` while a node runs. */
  readonly healthChanged?: (health: ManagerHealth) => void;
}

/**
 * Owns a node: its life, its configuration, its health and its metrics.
 *
 * Its states are those of its node's life (`node-lifecycle.ts`); running ⇄ degraded, as sessions have streams or too few.
 * `start` and `stop` may be called in every state, twice, and during one another. Disabled, nothing is opened: transfers go
 * plainly, over one connection.
 *
 * @see spec/dwcp.md B7, B16
 */
export class DwcpManager {
  readonly #metrics: MetricsBook;
  readonly #nodeMetrics: NodeMetrics;
  readonly #ownMetrics: ManagerMetrics;
  readonly #options: ManagerOptions;
  readonly #history: ConfigHistory;
  readonly #transfers: ManagedTransfers;
  readonly #migrations: ManagedMigrations;
  readonly #life: NodeLifecycle;
  #toldHealth = "";

  /** @throws DwcpError `dwcp.invalid_config` naming every problem. */
  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#history = new ConfigHistory(options.config);
    this.#metrics = new MetricsBook(this.config["node.id"]);
    this.#nodeMetrics = new NodeMetrics(this.#metrics);
    this.#ownMetrics = new ManagerMetrics(this.#metrics);
    this.#transfers = new ManagedTransfers(this.#metrics);
    this.#migrations = new ManagedMigrations(this.#metrics);
    this.#life = new NodeLifecycle({
      history: this.#history,
      start: () => this.#startNode(),
      settle: async () => {
        this.#migrations.cancelAll();
        await this.#transfers.settle(this.config["transport.shutdownTimeoutMs"]);
      },
      changed: (node) => node.limitStreams(this.config["transport.maxStreamsTotal"]),
      closed: (node) => this.#nodeMetrics.takeLast(node),
    });
  }

  /** The configuration in force. */
  get config(): DwcpConfig {
    return this.#history.current.config;
  }

  /** Names the configuration in force: changes have to name it, too. */
  get etag(): string {
    return this.#history.current.etag;
  }

  /** Earlier configurations, the oldest first; the last one is in force. */
  get history(): readonly ConfigVersion[] {
    return this.#history.versions;
  }

  /** Where it is. Degraded: a session has too few streams, or a peer that something waits for cannot be reached. */
  get state(): ManagerState {
    const { state } = this.#life;
    if (state !== "running") return state;
    return this.#troubled.length > 0 ? "degraded" : "running";
  }

  /** What went between the node and its peers; empty while none runs. */
  get traffic(): readonly TrafficReading[] {
    return this.#node?.traffic ?? [];
  }

  /** Every stream of every session; empty while no node runs. */
  get streams(): readonly StreamReading[] {
    return this.#node?.streams ?? [];
  }

  /** The metrics, as they are now. */
  get metrics(): MetricsBook {
    const node = this.#node;
    if (node !== undefined) {
      this.#nodeMetrics.take(node, this.config["transport.pacingRateBitsPerSecond"] / 8);
      this.#ownMetrics.takeTransport(this.transport);
    }
    this.#ownMetrics.takeHealth(this.health, this.config.enabled);
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

  /** What carries units. */
  get transport(): TransportInfo {
    return this.#transportOf(this.#node);
  }

  /** Whether it does what it should. Disabled is well. */
  get health(): ManagerHealth {
    const { state } = this;
    const reason = state === "degraded" ? this.#troubled.join("; ") : this.#life.reason;
    const note = noteOf(this.#node);
    return {
      live: state !== "failed",
      ready: state === "running" || state === "degraded" || state === "disabled",
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(note === undefined ? {} : { note }),
      ...(this.#node === undefined ? {} : { transport: this.transport }),
      runningTransfers: this.#transfers.running.length,
      runningMigrations: this.#migrations.running.length,
    };
  }

  /** Transfers that are not over. */
  get transfers(): readonly (RunningTransfer & { readonly isPaused: boolean })[] {
    return this.#transfers.running.map((transfer) => ({
      ...transfer,
      isPaused: this.#node?.isPaused(transfer.transferId) === true,
    }));
  }

  /** Migrations that are not over. */
  get migrations(): readonly RunningMigration[] {
    return this.#migrations.running;
  }

  /** Starts the node; disabled, that succeeds and does nothing. @throws DwcpError why it does not start */
  start(): Promise<void> {
    return this.#life.start();
  }

  /** Ends everything: running transfers get the shutdown timeout. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  /**
   * Puts a configuration in force: all of it or nothing.
   *
   * @throws DwcpError `dwcp.invalid_config` with every problem, `dwcp.conflict` where somebody else was faster
   */
  reconfigure(nested: unknown, terms: ChangeTerms): Promise<readonly ConfigChange[]> {
    return this.#life.reconfigure(nested, terms);
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

  /**
   * Moves something that runs on meanwhile; waits while as many as `migration.maxConcurrent` do.
   *
   * @throws DwcpError `dwcp.disabled` where DWCP does not run, and what {@link DwcpNode.migrate} does
   */
  migrate(peer: PeerAddress, request: MigrationRequest): Promise<MigrationResult> {
    return this.#migrations.run(peer, request, { config: this.config, node: this.#node });
  }

  /** Ends a migration, unless its peer may have taken over; `false` when there is none of that number. */
  cancelMigration(id: number): boolean {
    return this.#migrations.cancel(id);
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

  get #node(): DwcpNode | undefined {
    return this.#life.node;
  }

  get #troubled(): readonly string[] {
    return this.traffic.flatMap(({ peer, condition, streams }) => {
      if (condition === "away") return [`${peer} cannot be reached`];
      return condition === "degraded" ? [`${peer}: ${streams} streams are too few`] : [];
    });
  }

  async #startNode(): Promise<ManagedNode> {
    const running = await ManagedNode.start({
      config: this.config,
      secrets: this.#options,
      plainSecret: this.#plainSecret(),
      received: (object, round) => {
        this.#metrics.add("dwcp_received_bytes_total", {}, object.length);
        return this.#options.received?.(object, round);
      },
      look: () => this.#look(),
    });
    this.#ownMetrics.takeTransport(this.#transportOf(running.node));
    return running;
  }

  #look(): void {
    const { health } = this;
    const told = [health.state, health.reason, health.note].join(" ");
    if (told === this.#toldHealth) return;
    this.#toldHealth = told;
    this.#options.healthChanged?.(health);
  }

  // Plain transfers prove the key and are not encrypted, as sessions with a key are not.
  #plainSecret(): Uint8Array | undefined {
    const mode = this.config["security.mode"];
    if (mode === "none") return new Uint8Array(0);
    return mode === "psk" ? this.#options.key : undefined;
  }

  #transportOf(node: DwcpNode | undefined): TransportInfo {
    return transportOf(node?.rma, this.#options.tls === undefined ? "tcp" : "tls");
  }
}

// Having no more than one's share is no trouble, but explains why there are fewer.
function noteOf(node: DwcpNode | undefined): string | undefined {
  if (node?.ceiling.isShort !== true) return undefined;
  const { most } = node.ceiling;
  return `sessions share ${most === 1 ? "1 stream" : `${most} streams`}, all that the process may have`;
}
