import { isWireError } from "@proj/wire-types";
import type { DwcpConfig } from "../../config/config-table.js";
import { DwcpError } from "../../errors.js";
import type { MetricsBook } from "../../metrics/metrics-book.js";
import type { DwcpNode } from "../dwcp-node.js";
import { encodingOrderOf } from "./encoding-order.js";
import { requireKnownPeer } from "./known-peers.js";
import type { MigrationRequest, MigrationResult, MigrationRound } from "../migration/migrate.js";
import type { PeerAddress } from "../net/link-options.js";

/** A migration that was asked for and is not over. */
export interface RunningMigration {
  /** Names it as long as the manager lives. */
  readonly id: number;
  /** What the object is called. */
  readonly key: string;
  /** `host:port` of the peer. */
  readonly peer: string;
  /** `waiting` while as many as are allowed are under way. */
  readonly state: "waiting" | "moving";
  /** Rounds that are committed. */
  readonly rounds: number;
  /** Raw bytes that were dirty in the last of them. */
  readonly dirtyBytes: number;
}

interface Task {
  readonly id: number;
  readonly key: string;
  readonly peer: string;
  readonly abort: AbortController;
  readonly startMs: number;
  state: "waiting" | "moving";
  rounds: number;
  dirtyBytes: number;
}

/** The migrations of a manager: so many at a time, counted and measured. spec/dwcp.md B15, B16 */
export class ManagedMigrations {
  readonly #metrics: MetricsBook;
  readonly #tasks = new Map<number, Task>();
  readonly #waiting: (() => void)[] = [];
  #next = 1;
  #moving = 0;

  constructor(metrics: MetricsBook) {
    this.#metrics = metrics;
  }

  /** Those that are not over. */
  get running(): readonly RunningMigration[] {
    return [...this.#tasks.values()].map(({ id, key, peer, state, rounds, dirtyBytes }) => {
      return { id, key, peer, state, rounds, dirtyBytes };
    });
  }

  /** Ends one, unless its peer may have taken over; `false` when there is none of that number. */
  cancel(id: number): boolean {
    const task = this.#tasks.get(id);
    task?.abort.abort();
    return task !== undefined;
  }

  /** Ends all that can be ended. */
  cancelAll(): void {
    for (const task of this.#tasks.values()) task.abort.abort();
  }

  /** Moves something; waits while `migration.maxConcurrent` others do. @throws DwcpError */
  async run(
    peer: PeerAddress,
    request: MigrationRequest,
    { config, node }: { readonly config: DwcpConfig; readonly node: DwcpNode | undefined },
  ): Promise<MigrationResult> {
    if (node === undefined) throw new DwcpError("dwcp.disabled", "DWCP does not run");
    requireKnownPeer(peer, config);
    const task = this.#begin(`${peer.host}:${peer.port}`, request.key);
    const { signal } = request;
    const both =
      signal === undefined ? task.abort.signal : AbortSignal.any([signal, task.abort.signal]);
    let result = "ok";
    try {
      await this.#turn(task, config["migration.maxConcurrent"], both);
      return this.#measured(
        await this.#move(peer, { ...request, signal: both }, config, node, task),
      );
    } catch (error) {
      result = isWireError(error) ? error.code : "internal";
      throw error;
    } finally {
      this.#end(task, result);
    }
  }

  #move(
    peer: PeerAddress,
    request: MigrationRequest,
    config: DwcpConfig,
    node: DwcpNode,
    task: Task,
  ): Promise<MigrationResult> {
    return node.migrate(peer, {
      ...encodingOrderOf(config),
      minShare: config["migration.minShare"],
      ...request,
      goal: {
        downtimeMs: config["migration.downtimeMs"],
        maxRounds: config["migration.maxRounds"],
        ...request.goal,
      },
      progress: (round: MigrationRound) => {
        task.rounds = round.round + 1;
        task.dirtyBytes = round.dirtyBytes;
        this.#metrics.add("dwcp_transfer_wire_bytes_total", { peer: task.peer }, round.wireBytes);
        request.progress?.(round);
      },
    });
  }

  #begin(peer: string, key: string): Task {
    const id = this.#next++;
    const abort = new AbortController();
    const startMs = performance.now();
    const idle = { state: "waiting", rounds: 0, dirtyBytes: 0 } as const;
    const task: Task = { id, key, peer, abort, startMs, ...idle };
    this.#tasks.set(id, task);
    this.#metrics.set("dwcp_migrations_running", {}, this.#tasks.size);
    return task;
  }

  async #turn(task: Task, most: number, signal: AbortSignal): Promise<void> {
    while (this.#moving >= most) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (signal.aborted) throw new DwcpError("dwcp.cancelled", "the migration was aborted");
    }
    this.#moving += 1;
    task.state = "moving";
  }

  #measured(result: MigrationResult): MigrationResult {
    this.#metrics.observe("dwcp_migration_rounds", {}, result.rounds.length);
    this.#metrics.observe("dwcp_migration_downtime_seconds", {}, result.downtimeUs / 1e6);
    return result;
  }

  #end(task: Task, result: string): void {
    this.#tasks.delete(task.id);
    if (task.state === "moving") this.#moving -= 1;
    this.#metrics.set("dwcp_migrations_running", {}, this.#tasks.size);
    this.#metrics.add("dwcp_migrations_total", { result });
    if (result !== "ok") this.#metrics.add("dwcp_amst_errors_total", { error_type: result });
    const seconds = (performance.now() - task.startMs) / 1_000;
    this.#metrics.observe("dwcp_migration_duration_seconds", { peer: task.peer, result }, seconds);
    for (const go of this.#waiting.splice(0)) go();
  }
}
