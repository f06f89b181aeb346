import type { Consumer } from "../consumer/consumer.js";
import type { ConsumerCounters, DropReason } from "../consumer/drop-reason.js";
import type { Frame } from "../consumer/frame.js";
import { waitForNextFrame } from "../consumer/next-frame-wait.js";
import { AttachedStream, type AttachedStreamOptions } from "./attached-stream.js";
import { DescriptorStreams } from "./descriptor-streams.js";
import { FrameSource } from "./frame-source.js";
import { openAll } from "./opened.js";
import type { StreamAttachment } from "./stream-attachment.js";

/** How a consumer with a lease is started. */
export interface AttachedConsumerOptions extends AttachedStreamOptions {
  /** Called for each descriptor that gave no frame. */
  readonly onDrop?: (reason: DropReason) => void;
}

/** Reads the frames of a stream with a lease of the driver, in whatever epoch it is. spec/tensor-pool.md §14.3 */
export class AttachedConsumer {
  readonly #options: AttachedConsumerOptions;
  readonly #stream: AttachedStream;
  #source: FrameSource | undefined;
  #descriptors: DescriptorStreams | undefined;

  /** Use {@link attachConsumer}. */
  constructor(options: AttachedConsumerOptions) {
    this.#options = options;
    this.#stream = new AttachedStream(options);
  }

  /** What was received, accepted and dropped, and why. */
  get counters(): ConsumerCounters {
    return this.#stream.consumer.counters;
  }

  /** Whether frames can come. */
  get isMapped(): boolean {
    return this.#stream.isMapped;
  }

  /** The epoch that is mapped. */
  get epoch(): bigint | undefined {
    return this.#stream.epoch;
  }

  /** The highest frame that was taken for processing; -1 before the first. */
  get lastSeq(): number {
    return this.#stream.consumer.lastSeq;
  }

  /** What turns descriptors into frames. */
  get consumer(): Consumer {
    return this.#stream.consumer;
  }

  /** Where its descriptors come from. @throws `RangeError` before it was started. */
  get descriptors(): DescriptorStreams {
    if (this.#descriptors === undefined) throw new RangeError("the consumer was not started");
    return this.#descriptors;
  }

  /** Its lease. */
  get lease(): StreamAttachment["lease"] {
    return this.#stream.lease;
  }

  /** Opens the streams and asks for the lease. */
  async start(): Promise<void> {
    await this.#stream.start();
    const { descriptorChannel, descriptorStreamId } = this.#stream.attachment;
    const { client, onDrop } = this.#options;
    const { log } = this.#stream.attachment;
    const shared = { channel: descriptorChannel, streamId: descriptorStreamId };
    const subscription = await client.addSubscription(descriptorChannel, descriptorStreamId);
    this.#descriptors = new DescriptorStreams(client, shared, subscription);
    this.#source = new FrameSource({
      consumer: this.#stream.consumer,
      descriptors: this.#descriptors,
      follow: () => {
        this.#stream.follow();
      },
      onDrop: (reason) => {
        log.dropped(reason);
        onDrop?.(reason);
      },
    });
  }

  /** Hands the frames that have come to `handler`, each valid during the call; returns how many. */
  poll(handler: (frame: Frame) => void): number {
    return this.#source?.poll(handler) ?? 0;
  }

  /**
   * Yields frames as they come, each valid until the next is asked for; waits on the event loop, and after a pause for a
   * millisecond at a time. Ends when closed.
   */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    if (this.#source !== undefined) yield* this.#source.frames();
  }

  /**
   * Blocks this worker thread until the next frame is committed, or `timeoutMs` milliseconds have passed; then poll, which
   * keeps the lease alive as well.
   *
   * The producer must wake its readers (`wakeReaders`). While nothing is mapped it returns at once.
   *
   * @throws NativeIoError `native_io.main_thread` on the main thread, `native_io.unsupported` on the portable
   *   backend.
   */
  wait(timeoutMs: number): void {
    const { consumer, attachment } = this.#stream;
    const { stream, lastSeq } = consumer;
    if (stream !== undefined) {
      waitForNextFrame(stream, lastSeq, attachment.backend.futex, timeoutMs);
    }
  }

  /** Waits on the event loop until regions are mapped. */
  mapped(): Promise<void> {
    return this.#stream.mapped();
  }

  /** Gives the lease and all memory back. Harmless the second time. */
  close(): void {
    this.#source?.close();
    this.#stream.close();
  }
}

/** Starts reading a stream that a driver keeps; the lease comes when the driver answers. On failure nothing stays open. @throws AeronError */
export function attachConsumer(options: AttachedConsumerOptions): Promise<AttachedConsumer> {
  return openAll(async (opened) => {
    const consumer = opened.keep(new AttachedConsumer(options));
    await consumer.start();
    return consumer;
  });
}
