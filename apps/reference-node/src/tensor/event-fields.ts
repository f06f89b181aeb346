import type { DriverEvent } from "@proj/tensor-pool";
import type { LogRecord } from "@proj/wire-types";

/** Says what happened at the driver of the pools, as logs hold it: they are JSON, which has no numbers of 64 bits. */
export function eventFields({ kind, ...rest }: DriverEvent): LogRecord["fields"] {
  const fields = Object.entries(rest).map(([name, value]: [string, string | number | bigint]) => [
    name,
    typeof value === "bigint" ? String(value) : value,
  ]);
  return { what: kind, ...(Object.fromEntries(fields) as Record<string, string | number>) };
}
