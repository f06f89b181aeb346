import type { WatchdogFinding } from "../../router/watchdog.js";
import type { Polling } from "../native/native-driver-options.js";
import type { SocketSettings } from "../socket-settings.js";

/** How a worker's sockets and thread are, and who is told what becomes of them. */
export interface ThreadSettings {
  /** How its sockets are set up. */
  readonly sockets?: SocketSettings;
  /** How a thread of its own waits; `hybrid` if absent. */
  readonly polling?: Polling;
  /** The processor that a thread of its own is pinned to; the scheduler chooses if absent. */
  readonly cpu?: number;
  /**
   * What happens when a thread of its own stands still for five seconds: the process ends, or `onFinding` is all.
   * `event` if absent.
   */
  readonly onWorkerHang?: "abort" | "event";
  /** Is told what the watchdog of a thread notices. */
  readonly onFinding?: (finding: WatchdogFinding) => void;
  /** Is told that the worker is gone although nobody closed it, after all of its paths failed. */
  readonly onLost?: (reason: string) => void;
  /** Is told that the NIC behind its sockets is gone. */
  readonly onNicLost?: (errno: number) => void;
}
