import { standardSchemas } from "@proj/ether-codecs";
import { PosixShm, SameHostProof } from "@proj/ether-codecs/node";
import { silentTelemetry, type Telemetry } from "@proj/wire-types";
import { systemRandom } from "@proj/wire-types/system";
import type { ConnectionOptions } from "@proj/xcp-framing";
import type { LinkTable, LinkToolkit, PoolPlaces } from "./ether-link.js";

/** What a toolkit is made of. */
export interface ToolkitOptions {
  /** Leaves shared memory alone. */
  readonly sharedMemory?: "off" | "auto";
  /** Hears of shared-memory objects. */
  readonly telemetry?: Telemetry;
  /** Tensor pools; may be filled later. */
  readonly pools?: PoolPlaces;
}

/** Makes what all links of a process share. */
export function createToolkit(options: ToolkitOptions = {}): LinkToolkit {
  return {
    schemas: standardSchemas(),
    shm: options.sharedMemory === "off" ? undefined : openShm(),
    telemetry: options.telemetry ?? silentTelemetry,
    pools: options.pools ?? {},
  };
}

let processShm: PosixShm | undefined;

// Where there is none, attachments travel in the body; `doctor` tells.
function openShm(): PosixShm | undefined {
  if (processShm !== undefined || !PosixShm.isAvailable()) return processShm;
  const shm = new PosixShm();
  // Whatever ends this process: what it put there would stay until a node sweeps it.
  process.once("exit", () => shm.unlinkCreated());
  processShm = shm;
  return shm;
}

/** The options of a connection that offers shared memory; none where there is none. */
export function sharedMemoryOptions(
  toolkit: LinkToolkit,
  links: LinkTable,
): Pick<ConnectionOptions, "sharedMemory" | "onRelease"> {
  if (toolkit.shm === undefined) return {};
  return {
    sharedMemory: new SameHostProof(toolkit.shm, systemRandom),
    onRelease: ({ lease }, connection) => links.of(connection).release(lease),
  };
}
