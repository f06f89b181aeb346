import type { CryptoBackend } from "../crypto/backend.js";
import type { EngineConfig } from "../engine/config.js";
import type { EngineEvent } from "../engine/events.js";
import type { FirstCounters } from "../engine/first-counters.js";
import type { Faults } from "./faults.js";
import type { MemoryAccessOptions } from "./memory-access.js";
import type { NetworkOptions } from "./network.js";
import type { SimHost } from "./sim-host.js";

/** What a simulated world is made of. */
export interface WorldOptions {
  /** Everything random follows from it. */
  readonly seed: number;
  /** How many hosts there are. */
  readonly hosts: number;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** The switch between them. */
  readonly network?: Partial<NetworkOptions>;
  /** How hosts read the memory of others; all bytes come by datagrams if absent. */
  readonly memoryAccess?: MemoryAccessOptions;
  /** What goes wrong. */
  readonly faults?: Faults;
  /** Configuration of every engine. */
  readonly config?: Partial<EngineConfig>;
  /** Where the counters of first paths begin, and the generation of ids. */
  readonly counters?: FirstCounters & { readonly generation: number };
  /** What the clocks of the hosts show at first; µs. */
  readonly startUs?: number;
  /** Bytes the buffers of a host may take. */
  readonly bufferBytes?: number;
  /** What repeats the run, as an expression in one line, where it takes more than the world. */
  readonly repeatedBy?: () => string;
  /** Is told every event of every engine. */
  readonly onEvent?: (host: SimHost, event: EngineEvent) => void;
}
