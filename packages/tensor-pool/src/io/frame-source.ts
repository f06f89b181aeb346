import type { AtomicBuffer, Subscription } from "@proj/aeron";
import { viewOf } from "@proj/sbe";
import type { Consumer } from "../consumer/consumer.js";
import type { DropReason } from "../consumer/drop-reason.js";
import { Frame } from "../consumer/frame.js";

/** Descriptors that one poll takes at most. */
const POLL_LIMIT = 64;

/** What frames are read from. */
export interface FrameSourceSetup {
  /** Turns descriptors into frames. */
  readonly consumer: Consumer;
  /** Where descriptors come from. */
  readonly descriptors: Pick<Subscription, "poll" | "close">;
  /** Called before descriptors are read: what is mapped follows what was announced. */
  readonly follow: () => void;
  /** Called for each descriptor that gave no frame. */
  readonly onDrop: (reason: DropReason) => void;
}

/** Hands out the frames of a stream, polled or awaited. */
export class FrameSource {
  readonly #setup: FrameSourceSetup;
  #handler: ((frame: Frame) => void) | undefined;
  #frames = 0;
  #closed = false;

  /** Reads nothing until it is asked. */
  constructor(setup: FrameSourceSetup) {
    this.#setup = setup;
  }

  /** Hands the frames that have come to `handler`, each valid during the call; returns how many. */
  poll(handler: (frame: Frame) => void): number {
    if (this.#closed) return 0;
    this.#setup.follow();
    this.#handler = handler;
    this.#frames = 0;
    this.#setup.descriptors.poll(this.#onDescriptor, POLL_LIMIT);
    return this.#frames;
  }

  /** Yields frames as they come, each valid until the next is asked for; waits on the event loop. Ends when closed. */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    const { consumer, descriptors, follow, onDrop } = this.#setup;
    const queue: DataView[] = [];
    const collect = (term: AtomicBuffer, offset: number, length: number): void => {
      queue.push(viewOf(term.bytes.slice(offset, offset + length)));
    };
    while (!this.#closed) {
      follow();
      descriptors.poll(collect, POLL_LIMIT);
      if (queue.length === 0) await turn();
      for (const view of queue.splice(0)) {
        const result = consumer.accept(view, 0, view.byteLength);
        if (result instanceof Frame) yield result;
        else onDrop(result);
      }
    }
  }

  /** Stops reading. Harmless the second time. */
  close(): void {
    this.#closed = true;
    this.#setup.descriptors.close();
  }

  readonly #onDescriptor = (term: AtomicBuffer, offset: number, length: number): void => {
    const result = this.#setup.consumer.accept(term.view, offset, length);
    if (result instanceof Frame) {
      this.#frames++;
      this.#handler?.(result);
    } else this.#setup.onDrop(result);
  };
}
