import { Logger, LogLevel, parseLogLevel } from "../../log/logger.js";
import { toJson } from "./to-json.js";
import { type ToolContext, UsageError } from "./tool-command.js";

const NAMES = Object.entries(LogLevel).map(([name]) => name);

/** Makes what a tool says beside its results, as much of it as `TP_LOG_LEVEL` asks for. @throws UsageError */
export function toolLogger({ values, note }: ToolContext): Logger {
  const text = process.env["TP_LOG_LEVEL"] ?? String(LogLevel.warn);
  const level = parseLogLevel(text);
  if (level === undefined) throw new UsageError(`TP_LOG_LEVEL is "${text}", expected 0 to 4`);
  const json = values.flag("json");
  return new Logger({
    level,
    nowMs: () => performance.now(),
    write: ({ level: grade, event, details, leftOut }) => {
      const more = leftOut > 0 ? { leftOut } : {};
      const fields = { ...details, ...more };
      if (json) note(toJson({ level: NAMES[grade], event, ...fields }));
      else {
        const said = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
        note([NAMES[grade], event, ...said].join(" "));
      }
    },
  });
}
