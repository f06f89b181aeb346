import type { CncFile } from "../cnc/cnc-file.js";
import type { AeronError } from "../errors.js";
import type { LogMapper } from "./log-cache.js";

/** What a client stands on. */
export interface ClientSetup {
  /** The driver's file. */
  readonly cnc: CncFile;
  /** Maps the log files that the driver names. */
  readonly mapLog: LogMapper;
  /** Keeps reads before it before those after it; nothing on x64. */
  readonly fence: () => void;
  /** Now, in epoch milliseconds. */
  readonly nowMs: number;
  /** After how long a driver that does not turn counts as dead, in milliseconds. */
  readonly driverTimeoutMs: number;
  /** Whether another thread shows that this client lives, so that its own turns may be far apart; by default not. */
  readonly keptAliveElsewhere?: boolean;
  /** Called once when the client has ended, with the reason unless it was closed. */
  readonly onClosed?: (reason: AeronError | undefined) => void;
}
