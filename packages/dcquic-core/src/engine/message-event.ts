import type { EngineEvent } from "./events.js";
import { TransferDrained } from "./transfer-drained.js";
import { TransferOffered } from "./transfer-offered.js";

/**
 * Whether an event is one that every message has, as an engine of this thread tells it. They are nearly all that is told, and
 * concern nobody but the streams: to ask each event for its kind in every place that may want it costs more than to tell it.
 */
export function isOfMessage(event: EngineEvent): event is TransferDrained | TransferOffered {
  return event instanceof TransferOffered || event instanceof TransferDrained;
}
