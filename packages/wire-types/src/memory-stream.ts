import { crossLanes, MemoryEnd } from "./memory-end.js";
import type { MemoryOptions } from "./memory-lane.js";
import type { ByteStream, ByteStreamHandlers } from "./transport.js";

/** Makes two ends of one in-process stream: what one writes, the other reads. */
export function memoryStreamPair(options: MemoryOptions = {}): [ByteStream, ByteStream] {
  return crossLanes(options, (lanes) => new MemoryStream(lanes));
}

class MemoryStream extends MemoryEnd<ByteStreamHandlers> implements ByteStream {
  write(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) if (part.length > 0) this.out.push(part);
    return this.out.flowing;
  }

  protected override received(handlers: ByteStreamHandlers, item: Uint8Array): void {
    handlers.data(item);
  }

  protected override ended(handlers: ByteStreamHandlers): void {
    handlers.end();
  }
}
