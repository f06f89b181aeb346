import type { UdpAddress } from "@proj/native-io";
import type { EngineConfig } from "../../engine/config.js";
import type { EngineHostOptions } from "../engine-host.js";
import type { SocketSettings } from "../socket-settings.js";

/** What a `NativeDriver` is made with. */
export interface NativeDriverOptions extends EngineHostOptions {
  /** Where to listen; several ports of one address spread flows. CONTROL leaves from the first. */
  readonly ports: readonly UdpAddress[];
  /** How its sockets are set up. */
  readonly sockets?: SocketSettings;
  /** Whether the thread does nothing else, on a core of its own; `shared` if absent. */
  readonly thread?: "own" | "shared";
  /** Told when the NIC behind the sockets is gone: its peers belong to another worker then. §18 */
  readonly onNicLost?: (errno: number) => void;
}

/** How a thread that only runs an engine waits for datagrams. spec/dcquic.md §19, §22 */
export type Polling = "spin" | "hybrid" | "blocking";

/** What differs from the defaults on a thread that only runs an engine: bursts of 20 µs of line rate. spec/dcquic.md §12 */
export const NATIVE_CONFIG: Partial<EngineConfig> = { nicSlackUs: 20 };

/** What differs where the thread is shared, with an application or with other processes, and turns come late. */
export const SHARED_THREAD_CONFIG: Partial<EngineConfig> = {
  nicSlackUs: 1000,
  timerGranularityUs: 2000,
};
