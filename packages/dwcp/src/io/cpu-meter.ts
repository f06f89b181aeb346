import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

const CPU_MAX = "/sys/fs/cgroup/cpu.max";
const CPU_STAT = "/sys/fs/cgroup/cpu.stat";

/** How busy the machine was between two readings. */
export interface CpuReading {
  /** Share of the cores, or of the quota where that is less, that was busy: 0 to 1. */
  readonly use: number;
  /** Cores that this process may use at most. */
  readonly cores: number;
}

interface Sample {
  readonly busyMs: number;
  readonly totalMs: number;
  readonly quotaUsedUs: number | undefined;
  readonly atMs: number;
}

/**
 * Measures the CPU by the counters of the cores and, where there is one, by the quota of the control group.
 *
 * @see spec/dwcp.md B11
 */
export class CpuMeter {
  #last: Sample = sample();

  /** Gives what happened since the reading before. */
  read(): CpuReading {
    const next = sample();
    const last = this.#last;
    this.#last = next;
    const total = next.totalMs - last.totalMs;
    const onCores = total <= 0 ? 0 : (next.busyMs - last.busyMs) / total;
    const cores = availableParallelism();
    const quota = quotaCores();
    if (quota === undefined || quota >= cores) return { use: clamp(onCores), cores };
    const usedUs = (next.quotaUsedUs ?? 0) - (last.quotaUsedUs ?? 0);
    const roomUs = (next.atMs - last.atMs) * 1_000 * quota;
    const onQuota = roomUs <= 0 ? 0 : usedUs / roomUs;
    return { use: clamp(Math.max(onCores, onQuota)), cores: quota };
  }
}

/** Reads the quota of a control group's `cpu.max`, in cores; `undefined` where there is none. */
export function parseCpuMax(text: string): number | undefined {
  const [quota, period] = text.trim().split(" ").map(Number);
  if (quota === undefined || period === undefined) return undefined;
  return Number.isFinite(quota) && quota > 0 && period > 0 ? quota / period : undefined;
}

function quotaCores(): number | undefined {
  const text = readText(CPU_MAX);
  return text === undefined ? undefined : parseCpuMax(text);
}

function sample(): Sample {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    totalMs += busy + times.idle;
  }
  const used = /^usage_usec (\d+)$/m.exec(readText(CPU_STAT) ?? "")?.[1];
  const quotaUsedUs = used === undefined ? undefined : Number(used);
  return { busyMs, totalMs, quotaUsedUs, atMs: performance.now() };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
