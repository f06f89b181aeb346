import { randomFillSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Backend, type ShmFolders } from "@proj/native-io";
import type { RandomSource } from "@proj/wire-types";
import {
  type CncLengths,
  cncFileBytes,
  initialiseCnc,
  publishCnc,
  readCnc,
} from "../cnc/cnc-file.js";
import { ToDriverRing } from "../cnc/to-driver-ring.js";
import { Driver } from "../driver/driver.js";
import type { DriverFiles } from "../driver/driver-files.js";
import type { DriverOptions } from "../driver/driver-options.js";
import { AeronError } from "../errors.js";
import { CNC_FILE } from "./aeron-directory.js";

const PAGE_BYTES = 4_096;
const LOCK_FILE = "driver.lock";
/** A driver whose heartbeat is older counts as dead, in milliseconds. spec/aeron.md §11 */
const DRIVER_TIMEOUT_MS = 10_000;
/** Space that is left to others when a log is made, in bytes. */
const SPARE_BYTES = 1_048_576;

/** How long the buffers of our cnc.dat are; small ones, since an IPC driver has few counters and commands. */
const LENGTHS: CncLengths = {
  toDriver: 1_048_576 + 768,
  toClients: 1_048_576 + 128,
  countersMetadata: 4_194_304,
  countersValues: 1_048_576,
  errorLog: 1_048_576,
};

/** Randomness of the operating system. */
const systemRandom: RandomSource = { fill: (into) => randomFillSync(into) };

/** A driver over real files, and what ends it. */
export interface OpenDriver {
  /** The driver; its owner lets it turn. */
  readonly driver: Driver;
  /** Stops it and removes its files. */
  close(): void;
}

/**
 * Makes a directory for an embedded driver, and the driver in it.
 *
 * @throws `aeron.driver_active` when another driver lives in it.
 */
export function openDriver(backend: Backend, folder: string, options: DriverOptions): OpenDriver {
  const real = backend.kind === "native";
  if (real) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const folders = backend.shm.allow([folder]);
  const unlock = real ? lock(folder) : () => undefined;
  try {
    if (real) removeStale(folders, folder);
    return create(backend, folders, folder, options, unlock);
  } catch (error) {
    unlock();
    folders.close();
    throw error;
  }
}

function create(
  backend: Backend,
  folders: ShmFolders,
  folder: string,
  options: DriverOptions,
  unlock: () => void,
): OpenDriver {
  const path = join(folder, CNC_FILE);
  const file = folders.create(path, {
    sizeBytes: cncFileBytes(LENGTHS, PAGE_BYTES),
    fileMode: 0o600,
  });
  const region = file.map();
  file.close();
  const nowMs = Date.now();
  initialiseCnc(region.bytes, {
    lengths: LENGTHS,
    clientLivenessTimeoutNs: options.clientLivenessTimeoutMs * 1_000_000,
    startTimestampMs: nowMs,
    pid: process.pid,
    pageSize: PAGE_BYTES,
  });
  // Clients look for the version; the driver looks past it, at what it has just written.
  publishCnc(region.bytes);
  const cnc = readCnc(region.bytes);
  if (cnc === undefined) throw new AeronError("aeron.file_invalid", `${path} cannot be read back`);
  const driver = new Driver({
    cnc,
    files: logFiles(folders, folder, backend.kind === "native"),
    random: systemRandom,
    nowMs,
    options,
  });
  return {
    driver,
    close() {
      driver.stop();
      folders.unlink(path);
      region.unmap();
      unlock();
      folders.close();
      if (backend.kind === "native") removeEmpty([join(folder, "publications"), folder]);
    },
  };
}

// Whatever else lies in the directory is not ours, and keeps it there.
function removeEmpty(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmdirSync(path);
    } catch {
      return;
    }
  }
}

function logFiles(folders: ShmFolders, folder: string, checkSpace: boolean): DriverFiles {
  return {
    createLog(registrationId, sizeBytes) {
      if (checkSpace) requireSpace(folder, sizeBytes);
      const path = join(folder, "publications", `${registrationId}.logbuffer`);
      // Sparse: a log of three terms takes memory only as far as it is written.
      const file = folders.create(path, { sizeBytes, fileMode: 0o600, reserve: false });
      const region = file.map();
      file.close();
      return {
        path: file.path,
        region,
        remove() {
          region.unmap();
          folders.unlink(path);
        },
      };
    },
  };
}

// Running out of memory when a sparse page is first touched would end every process that touches it.
function requireSpace(folder: string, sizeBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < sizeBytes + SPARE_BYTES) {
    throw new Error(`${bavail * bsize} bytes are free in ${folder}`);
  }
}

function lock(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(path, "wx", 0o600);
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => {
        rmSync(path, { force: true });
      };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const pid = Number(readFileSync(path, "utf8"));
    if (isAlive(pid)) break;
    rmSync(path, { force: true });
  }
  throw new AeronError("aeron.driver_active", `another driver holds ${path}`);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

// Only names that drivers use are removed: the directory may have been named by mistake.
function removeStale(folders: ShmFolders, folder: string): void {
  const path = join(folder, CNC_FILE);
  if (existsSync(path)) {
    if (isLive(folders, path)) {
      throw new AeronError("aeron.driver_active", `a driver is alive in ${folder}`);
    }
    folders.unlink(path);
  }
  for (const name of ["publications", "images"]) {
    const logs = join(folder, name);
    if (!existsSync(logs)) continue;
    for (const file of readdirSync(logs)) {
      if (/^-?\d+\.logbuffer$/.test(file)) folders.unlink(join(logs, file));
    }
  }
}

function isLive(folders: ShmFolders, path: string): boolean {
  try {
    const file = folders.open(path, { access: "readWrite" });
    const region = file.map();
    file.close();
    try {
      const cnc = readCnc(region.bytes);
      if (cnc === undefined) return false;
      return Date.now() - new ToDriverRing(cnc.toDriver).heartbeatMs() < DRIVER_TIMEOUT_MS;
    } finally {
      region.unmap();
    }
  } catch {
    // What cannot be opened as a driver's file is no living driver's.
    return false;
  }
}
