import type { LogRecord, LogSink } from "@proj/wire-types";
import pino from "pino";
import type { LogLevelName } from "../config/schema.js";
import { formatRecord } from "./text-log.js";

/** How records are written. */
export interface LogOptions {
  /** The quietest record that is written. */
  readonly level: LogLevelName;
  /** One JSON object or one readable line per record. */
  readonly format: "json" | "text";
  /** The node's name, in every JSON record. */
  readonly node: string;
}

/** Names that never leave the process, whoever puts them into a record. spec/xcp.md §21 */
const secretFields = ["key", "auth", "body", "payload", "token", "password"];

/** Makes a sink that writes structured records to standard error. */
export function createLogSink(options: LogOptions): LogSink {
  const destination =
    options.format === "json"
      ? pino.destination({ dest: 2, sync: true })
      : { write: (line: string) => void process.stderr.write(formatRecord(line)) };
  const logger = pino(
    {
      level: options.level,
      base: { node: options.node },
      messageKey: "message",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields, censor: "[redacted]" },
    },
    destination,
  );
  return { log: (record: LogRecord) => logger[record.level](toFields(record)) };
}

// JSON has no 64-bit integers: ids above 2^53 travel as text.
function toFields(record: LogRecord): Record<string, unknown> {
  const fields: Record<string, unknown> = { event: record.event };
  for (const [name, value] of Object.entries(record.fields)) {
    if (value !== undefined) fields[name] = typeof value === "bigint" ? String(value) : value;
  }
  return fields;
}
