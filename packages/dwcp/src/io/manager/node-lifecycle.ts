import type { DwcpConfig } from "../../config/config-table.js";
import type { ConfigChange } from "../../config/read-config.js";
import type { DwcpNode } from "../dwcp-node.js";
import type { ChangeTerms, ConfigHistory } from "./config-history.js";
import type { ManagedNode } from "./managed-node.js";
import type { ManagerState } from "./manager-state.js";

/** What a node's life is made of. */
export interface LifecycleParts {
  /** Holds the configuration in force. */
  readonly history: ConfigHistory;
  /** Starts a node by the configuration in force. */
  readonly start: () => Promise<ManagedNode>;
  /** Lets what is under way end, before the node is closed. */
  readonly settle: () => Promise<void>;
  /** Another configuration is in force, and the node runs on. */
  readonly changed: (node: DwcpNode) => void;
  /** A node is closed: what it counted can be read for the last time. */
  readonly closed: (node: DwcpNode) => void;
}

/**
 * The life of a manager's node, and of the configuration it runs by.
 *
 * ```
 * disabled ⇄ (enabled) stopped ─start─▶ starting ─▶ running ─stop─▶ stopping ─▶ stopped
 *                                       starting ─▶ failed ─start─▶ starting
 * ```
 *
 * Whatever is asked for happens one after the other.
 *
 * @see spec/dwcp.md B7, B16
 */
export class NodeLifecycle {
  readonly #parts: LifecycleParts;
  #running: ManagedNode | undefined;
  #state: Exclude<ManagerState, "degraded">;
  #reason: string | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#state = parts.history.current.config.enabled ? "stopped" : "disabled";
  }

  /** Where it is. */
  get state(): Exclude<ManagerState, "degraded"> {
    return this.#state;
  }

  /** Why it failed. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** The node that runs. */
  get node(): DwcpNode | undefined {
    return this.#running?.node;
  }

  /** Starts the node; disabled, that succeeds and does nothing. @throws DwcpError why it does not start */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Lets what is under way end, and closes the node. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  /**
   * Puts a configuration in force: all of it or nothing.
   *
   * @throws DwcpError `dwcp.invalid_config` with every problem, `dwcp.conflict` where somebody else was faster
   */
  reconfigure(nested: unknown, terms: ChangeTerms): Promise<readonly ConfigChange[]> {
    return this.#inTurn(async () => {
      const { next, changes, restarts } = this.#parts.history.plan(nested, terms);
      if (changes.length > 0) await this.#apply(next, restarts);
      return changes;
    });
  }

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
      this.#running = await this.#parts.start();
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
    await this.#parts.settle();
    await this.#running?.close();
    if (this.node !== undefined) this.#parts.closed(this.node);
    this.#running = undefined;
    this.#enter("stopped");
  }

  async #apply(next: DwcpConfig, restarts: boolean): Promise<void> {
    const { history } = this.#parts;
    const before = history.current;
    const wasRunning = this.#state === "running" || this.#state === "failed";
    const starts = next.enabled && (wasRunning || !before.config.enabled);
    if (restarts) await this.#stop();
    history.enter(next);
    if (!restarts) {
      if (this.node !== undefined) this.#parts.changed(this.node);
      return;
    }
    this.#enter(next.enabled ? "stopped" : "disabled");
    if (!starts) return;
    try {
      await this.#start();
    } catch (error) {
      // What cannot run does not stay: the configuration before comes back.
      history.takeBack(before);
      this.#enter(before.config.enabled ? "stopped" : "disabled");
      if (wasRunning) await this.#start();
      throw error;
    }
  }

  #enter(state: Exclude<ManagerState, "degraded">): void {
    this.#state = state;
    if (state !== "failed") this.#reason = undefined;
  }
}
