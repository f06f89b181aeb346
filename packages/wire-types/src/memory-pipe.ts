import { concatBytes } from "./bytes.js";
import { crossLanes, MemoryEnd } from "./memory-end.js";
import type { MemoryOptions } from "./memory-lane.js";
import type { MessagePipe, MessagePipeHandlers } from "./transport.js";

/** Makes two ends of one in-process message pipe: what one sends, the other receives. */
export function memoryPipePair(options: MemoryOptions = {}): [MessagePipe, MessagePipe] {
  return crossLanes(options, (lanes) => new MemoryPipe(lanes));
}

class MemoryPipe extends MemoryEnd<MessagePipeHandlers> implements MessagePipe {
  send(parts: readonly Uint8Array[]): boolean {
    const [first] = parts;
    this.out.push(parts.length === 1 && first !== undefined ? first : concatBytes(parts));
    return this.out.flowing;
  }

  protected override received(handlers: MessagePipeHandlers, item: Uint8Array): void {
    handlers.message(item);
  }

  // A pipe has no half-open state: the answer to an end is an end, behind what was sent before it.
  protected override ended(): void {
    this.end();
  }
}
