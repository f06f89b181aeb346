import { formatBytes, formatDuration } from "../cli/units.js";
import type { BurstReport } from "./burst.js";

/** Writes what a burst came to, for people. */
export function formatBurst(report: BurstReport): string {
  const { latencyUs, failed, answered, streams } = report;
  const times = Object.entries(latencyUs).map(([name, us]) => `${name} ${formatDuration(us)}`);
  return [
    `${answered} of ${streams} calls answered in ${formatDuration(report.durationUs)}: ${report.callsPerSecond} calls/s, ${formatBytes(report.bytesPerSecond)}/s of payload`,
    `goodput ratio ${report.goodputRatio.toFixed(4)}: requests that were answered, of all payload that was sent for requests`,
    `latency, from the burst's beginning on: ${times.join(", ")}`,
    ...Object.entries(failed).map(([code, count]) => `failed: ${count} with ${code}`),
    "",
  ].join("\n");
}
