import { viewOf } from "@proj/sbe";
import { DescriptorWriter } from "../producer/descriptor-writer.js";
import type { MappedStream } from "../region/mapped-stream.js";
import { Consumer } from "./consumer.js";
import type { DropReason } from "./drop-reason.js";
import type { Frame } from "./frame.js";

/**
 * Reads single frames by number, in whatever order, where somebody else than a descriptor said that they are there.
 *
 * Every check of a consumer holds, but those of order.
 */
export class SlotReader {
  readonly #fence: () => void;

  /** `fence` keeps what is read before it before what is read after it; nothing on x64. */
  constructor(fence: () => void) {
    this.#fence = fence;
  }

  /** Returns the frame, an object of its own; or why it is not there any more, or never was. */
  read(stream: MappedStream, seq: number): Frame | DropReason {
    const consumer = new Consumer({ nowNs: () => 0n, fence: this.#fence });
    consumer.map(stream);
    const descriptor = new DescriptorWriter(stream.streamId, stream.epoch);
    descriptor.write(seq, 0, undefined, undefined);
    return consumer.accept(viewOf(descriptor.bytes), 0, descriptor.bytes.length);
  }
}
