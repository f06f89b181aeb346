import type { TransportInfo } from "./transport-info.js";

/** Where a manager is. spec/dwcp.md B7 */
export type ManagerState =
  | "disabled"
  | "stopped"
  | "starting"
  | "running"
  | "degraded"
  | "stopping"
  | "failed";

/** Whether a manager does what it should. */
export interface ManagerHealth {
  /** The process is well, even where DWCP is disabled. */
  readonly live: boolean;
  /** Transfers can be asked for. */
  readonly ready: boolean;
  /** Where the manager is. */
  readonly state: ManagerState;
  /** Why it failed, or what is degraded. */
  readonly reason?: string;
  /** What is as it should be, and worth knowing: that sessions want more streams than the process may have. */
  readonly note?: string;
  /** What carries units, where a node runs. */
  readonly transport?: TransportInfo;
  /** Transfers that are not over. */
  readonly runningTransfers: number;
  /** Migrations that are not over. */
  readonly runningMigrations: number;
}
