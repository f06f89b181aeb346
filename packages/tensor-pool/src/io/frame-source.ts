import type { AtomicBuffer, FragmentHandler, Subscription } from "@proj/aeron";
import { BackoffIdle } from "@proj/aeron/node";
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
  // As many descriptors came as one poll takes, so that more of them may wait.
  #behind = false;
  #newestSeq = -1;
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
    this.#poll(this.#onDescriptor);
    return this.#frames;
  }

  /**
   * Yields frames as they come, each valid until the next is asked for. Waits on the event loop: for each turn of it, and
   * when none came in some thousand of them, for a millisecond. Ends when closed.
   */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    const { consumer, follow, onDrop } = this.#setup;
    const idle = new BackoffIdle({ thread: "shared" });
    const queue: DataView[] = [];
    const collect = (term: AtomicBuffer, offset: number, length: number): void => {
      queue.push(viewOf(term.bytes.slice(offset, offset + length)));
    };
    while (!this.#closed) {
      follow();
      this.#poll(collect);
      if (queue.length === 0) await idle.idle();
      else idle.reset();
      for (const view of queue.splice(0)) {
        const result = consumer.accept(view, 0, view.byteLength, this.#newestSeq);
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

  #poll(handler: FragmentHandler): void {
    const { consumer, descriptors } = this.#setup;
    this.#newestSeq = this.#behind ? consumer.newestSeq() : -1;
    this.#behind = descriptors.poll(handler, POLL_LIMIT) >= POLL_LIMIT;
  }

  readonly #onDescriptor = (term: AtomicBuffer, offset: number, length: number): void => {
    const result = this.#setup.consumer.accept(term.view, offset, length, this.#newestSeq);
    if (result instanceof Frame) {
      this.#frames++;
      this.#handler?.(result);
    } else this.#setup.onDrop(result);
  };
}
