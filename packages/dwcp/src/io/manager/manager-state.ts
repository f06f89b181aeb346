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
  readonly state: ManagerState;
  /** Why it failed, or what is degraded. */
  readonly reason?: string;
  readonly runningTransfers: number;
  readonly runningMigrations: number;
}
