import type { DriverEvent } from "../driver/driver-report.js";
import { type Logger, LogLevel } from "./logger.js";

/** Says what happened at a driver. What clients can make happen as often as they like is said now and then. spec/tensor-pool.md §24 */
export function logDriverEvent(logger: Logger, event: DriverEvent): void {
  const { kind, ...details } = event;
  switch (kind) {
    case "refused":
    case "regionsRefused":
      logger.sayLimited(LogLevel.warn, kind, details);
      return;
    case "attached":
    case "leaseEnded":
    case "epochBegan":
    case "epochRemoved":
    case "draining":
    case "stopped":
      logger.say(LogLevel.info, kind, details);
  }
}
