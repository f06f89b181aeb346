import type { SupervisorEvent } from "../supervisor/supervisor.js";
import { type Logger, LogLevel } from "./logger.js";

/** Says who came, who went and who found no room at a supervisor. spec/tensor-pool.md §15, §24 */
export function logSupervisorEvent(logger: Logger, event: SupervisorEvent): void {
  switch (event.kind) {
    case "answered": {
      const { streamId, consumerId } = event.consumer;
      if (event.before === undefined) {
        logger.say(LogLevel.info, "consumerCame", { streamId, consumerId });
      }
      return;
    }
    case "stale": {
      const { streamId, consumerId } = event.consumer;
      logger.say(LogLevel.info, "consumerStale", { streamId, consumerId });
      return;
    }
    case "declined": {
      const { streamId, consumerId } = event.config;
      logger.sayLimited(LogLevel.warn, "consumerDeclined", { streamId, consumerId });
    }
  }
}
