import { readFileSync, statfsSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { DoctorRow } from "./doctor.js";

/** Below this much free shared memory, one message at the default limit no longer fits. */
const ENOUGH_SHARED_BYTES = 64 * 2 ** 20;
/** Below this many open files, a server cannot hold its default number of connections. */
const ENOUGH_OPEN_FILES = 1024;

/** Examines memory, shared memory and the limits this process runs under. */
export function memoryRows(): readonly DoctorRow[] {
  return [
    { name: "memory", value: `${gib(freemem())} free of ${gib(totalmem())}`, ok: true },
    { name: "memory-limit", value: memoryLimit(), ok: true },
    { name: "heap-limit", value: gib(getHeapStatistics().heap_size_limit), ok: true },
    sharedMemoryRow(),
    openFilesRow(),
  ];
}

function memoryLimit(): string {
  const limit = process.constrainedMemory();
  // Where nothing limits it, some kernels answer 0 and some a number beyond all memory.
  return limit === undefined || limit === 0 || limit >= totalmem() ? "none" : gib(limit);
}

function sharedMemoryRow(): DoctorRow {
  const name = "shared-memory";
  const cost = "attachments on the same host travel as bytes instead of shared memory";
  try {
    const { bsize, bavail } = statfsSync("/dev/shm");
    const free = bsize * bavail;
    const value = `/dev/shm, ${gib(free)} free`;
    return free >= ENOUGH_SHARED_BYTES
      ? { name, value, ok: true }
      : { name, value, ok: false, cost };
  } catch {
    return { name, value: "no /dev/shm", ok: false, cost };
  }
}

function openFilesRow(): DoctorRow {
  const name = "open-files";
  const limit = openFilesLimit();
  if (limit === undefined) return { name, value: "unknown", ok: true };
  const value = `at most ${limit}`;
  if (limit >= ENOUGH_OPEN_FILES) return { name, value, ok: true };
  return { name, value, ok: false, cost: `a server stops accepting at about ${limit} connections` };
}

function openFilesLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? undefined : limit === "unlimited" ? Infinity : Number(limit);
  } catch {
    return undefined;
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
