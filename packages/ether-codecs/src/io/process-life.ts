import { readFileSync } from "node:fs";
import { nodeErrorCode } from "./node-error.js";

// Linux reports process start times in these units on every architecture that Node runs on.
const TICKS_PER_SECOND = 100;

// Clock ticks are coarse, and the boot time is rounded to seconds.
const START_SLACK_MS = 2000;

/**
 * Tells whether the process `pid` runs and ran already when something was written at `writtenMs` (ms since 1970).
 *
 * A process that started later merely got the number of one that is gone.
 */
export function livedAt(pid: number, writtenMs: number): boolean {
  if (!isRunning(pid)) return false;
  const startedMs = startTime(pid);
  return startedMs === undefined || startedMs <= writtenMs + START_SLACK_MS;
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Whatever else is wrong, only this says that there is no such process.
    return nodeErrorCode(thrown) !== "ESRCH";
  }
}

function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces and parentheses itself; what follows the last one does not.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[19]);
    const boot = /^btime ([0-9]+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1];
    const startedMs = (Number(boot) + ticks / TICKS_PER_SECOND) * 1000;
    return Number.isFinite(startedMs) ? startedMs : undefined;
  } catch {
    return undefined;
  }
}
