import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type Backend, backend as machine, type ShmFolders } from "@proj/native-io";
import type { SharedRegion } from "@proj/wire-types";
import { Client } from "../client/client.js";
import { type CncFile, readCnc } from "../cnc/cnc-file.js";
import { ToDriverRing } from "../cnc/to-driver-ring.js";
import { AeronError } from "../errors.js";
import { CNC_FILE, defaultAeronDir } from "./aeron-directory.js";

const TICK_MS = 1;
const IDLE_TICK_MS = 20;
const RETRY_MS = 5;
/** After how long a driver that does not turn counts as dead, in milliseconds. spec/aeron.md §2 */
const DRIVER_TIMEOUT_MS = 10_000;

/** How a client finds its driver. */
export interface ConnectOptions {
  /** The driver's directory; by default `AERON_DIR`, or `aeron-<user>` in `/dev/shm`. */
  readonly aeronDir?: string;
  /** How long to wait for a driver, in milliseconds; by default 10 000. */
  readonly timeoutMs?: number;
  /**
   * Who shows the driver that this client lives: the event loop that the client turns on, by default, or a worker thread,
   * which goes on while that loop is blocked. The portable backend has the event loop only.
   */
  readonly keepAlive?: "eventLoop" | "worker";
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
  /** Called once when the client has ended, with the reason unless it was closed. */
  readonly onClosed?: (reason: AeronError | undefined) => void;
}

/** A client on a driver of this machine, which turns by itself. */
export interface AeronConnection {
  /** The client. */
  readonly client: Client;
  /** The driver's directory. */
  readonly aeronDir: string;
  /** Leaves the driver and gives the memory back. */
  close(): void;
}

/**
 * Connects to the media driver in a directory: Aeron's own, in Java or C, or our embedded one.
 *
 * The client turns on this thread's event loop. A loop that is blocked for longer than the driver's client timeout, ten
 * seconds by default, loses everything it had at the driver, unless a worker keeps it alive (`keepAlive: "worker"`).
 *
 * @throws `aeron.no_driver`, `aeron.file_invalid`.
 */
export async function connectAeron(options: ConnectOptions = {}): Promise<AeronConnection> {
  const aeronDir = options.aeronDir ?? defaultAeronDir();
  const backend = options.backend ?? machine;
  const deadlineMs = Date.now() + (options.timeoutMs ?? DRIVER_TIMEOUT_MS);
  for (;;) {
    const attached = attach(backend, aeronDir);
    if (attached !== undefined) return run(backend, aeronDir, attached, options);
    if (Date.now() >= deadlineMs) {
      throw new AeronError("aeron.no_driver", `no live media driver in ${aeronDir}`);
    }
    await sleep(RETRY_MS);
  }
}

interface Attached {
  readonly cnc: CncFile;
  readonly region: SharedRegion;
  readonly folders: ShmFolders;
}

// A file may be missing, unfinished, or left by a driver that is dead: each may be better in a moment.
function attach(backend: Backend, aeronDir: string): Attached | undefined {
  if (backend.kind === "native" && !existsSync(join(aeronDir, CNC_FILE))) return undefined;
  // Drivers of others keep the permissions of their umask, by which everybody may read.
  const folders = backend.shm.allow([aeronDir], { allowOthers: true });
  let region: SharedRegion | undefined;
  try {
    const file = folders.open(join(aeronDir, CNC_FILE), { access: "readWrite" });
    region = file.map();
    file.close();
    const cnc = readCnc(region.bytes);
    if (cnc !== undefined && isLive(cnc)) return { cnc, region, folders };
  } catch (error) {
    if (error instanceof AeronError) {
      region?.unmap();
      folders.close();
      throw error;
    }
  }
  region?.unmap();
  folders.close();
  return undefined;
}

function isLive(cnc: CncFile): boolean {
  const heartbeatMs = new ToDriverRing(cnc.toDriver).heartbeatMs();
  return heartbeatMs > 0 && Date.now() - heartbeatMs < DRIVER_TIMEOUT_MS;
}

function run(
  backend: Backend,
  aeronDir: string,
  attached: Attached,
  options: ConnectOptions,
): AeronConnection {
  const { folders, region } = attached;
  let timer: NodeJS.Timeout | undefined;
  let keeper: Worker | undefined;
  const byWorker = options.keepAlive === "worker" && backend.kind === "native";
  const client = new Client({
    cnc: attached.cnc,
    mapLog: (path) => {
      const file = folders.open(path, { access: "readWrite" });
      try {
        return file.map();
      } finally {
        file.close();
      }
    },
    fence: backend.shm.fence,
    nowMs: Date.now(),
    driverTimeoutMs: DRIVER_TIMEOUT_MS,
    keptAliveElsewhere: byWorker,
    onClosed: (reason) => {
      clearTimeout(timer);
      void keeper?.terminate();
      region.unmap();
      folders.close();
      options.onClosed?.(reason);
    },
  });
  const turn = (): void => {
    client.tick(Date.now());
    if (client.isClosed) return;
    timer = setTimeout(turn, client.isWaiting ? TICK_MS : IDLE_TICK_MS);
  };
  if (byWorker) keeper = startKeeper(aeronDir, client.clientId);
  turn();
  return {
    client,
    aeronDir,
    close() {
      client.close();
    },
  };
}

// The worker is no reason to live, and its end is no reason to die: the client's own turns show that it lives as well.
function startKeeper(aeronDir: string, clientId: bigint): Worker {
  const worker = new Worker(new URL("./keep-alive-worker.js", import.meta.url), {
    workerData: { aeronDir, clientId },
  });
  worker.on("error", () => undefined);
  worker.unref();
  return worker;
}
