/** 1536 → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Microseconds as `0.42 ms` or `1.50 s`. */
export function formatDuration(us: number): string {
  if (us >= 1e6) return `${(us / 1e6).toFixed(2)} s`;
  const ms = us / 1000;
  return `${ms >= 100 ? Math.round(ms) : ms.toFixed(2)} ms`;
}

/** Seconds that are still to wait as `45s`, `2m 5s` or `3h 20m`; `?` while nobody knows. */
export function formatWait(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${whole % 60}s`;
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
