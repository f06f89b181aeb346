import type { AtomicBuffer, Client, Subscription } from "@proj/aeron";
import { type Backend, type Futex, backend as machine, type ShmFolders } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";
import { decodeAnnounce } from "../announce/announce.js";
import { type MappingAction, StreamMapping } from "../announce/stream-mapping.js";
import { Consumer, type ConsumerOptions } from "../consumer/consumer.js";
import type { DropReason } from "../consumer/drop-reason.js";
import type { Frame } from "../consumer/frame.js";
import { waitForNextFrame } from "../consumer/next-frame-wait.js";
import type { Logger } from "../log/logger.js";
import { StreamLog } from "../log/stream-log.js";
import { readSuperblock } from "../region/superblock.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import { DescriptorStreams } from "./descriptor-streams.js";
import { FrameSource } from "./frame-source.js";
import { openAll, type Opened } from "./opened.js";
import { mapRegions } from "./region-files.js";

const TICK_MS = 1_000;

/** How a consumer is started. */
export interface DirectConsumerOptions extends ConsumerOptions {
  /** The client that carries descriptors and announces. */
  readonly client: Client;
  /** The stream. */
  readonly streamId: number;
  /** The folders beneath which regions may lie; by default `/dev/shm`. */
  readonly allowedDirs?: readonly string[];
  /** The channel of descriptors and announces; the same text for all who meet on it. */
  readonly channel?: string;
  /** The channel of announces, where it is another one. */
  readonly announceChannel?: string;
  /** The Aeron stream of descriptors; by default 1100. */
  readonly descriptorStreamId?: number;
  /** The Aeron stream of announces; by default 1001. */
  readonly announceStreamId?: number;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
  /** Says what happens to the regions and the frames. */
  readonly logger?: Logger;
  /** Called when regions were mapped. */
  readonly onMapped?: (epoch: bigint) => void;
  /** Called when regions were given up or could not be mapped, with the reason. */
  readonly onUnmapped?: (reason: string) => void;
  /** Called for each descriptor that gave no frame. */
  readonly onDrop?: (reason: DropReason) => void;
}

/** Reads a stream, in whatever epoch it is. */
export class DirectConsumer {
  /** What turns descriptors into frames; its counters say what was lost. */
  readonly consumer: Consumer;
  /** Where its descriptors come from. */
  readonly descriptors: DescriptorStreams;
  readonly #options: DirectConsumerOptions;
  readonly #mapping: StreamMapping;
  readonly #folders: ShmFolders;
  readonly #futex: Futex;
  readonly #source: FrameSource;
  readonly #announces: Subscription;
  readonly #log: StreamLog;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  /** Use {@link openDirectConsumer}. */
  constructor(
    options: DirectConsumerOptions,
    descriptors: DescriptorStreams,
    announces: Subscription,
  ) {
    const backend = options.backend ?? machine;
    this.#options = options;
    this.descriptors = descriptors;
    this.#futex = backend.futex;
    this.#log = new StreamLog(options.logger, options.streamId);
    this.#announces = announces;
    this.#folders = backend.shm.allow(options.allowedDirs ?? ["/dev/shm"]);
    this.#mapping = new StreamMapping({ joinTimeNs: process.hrtime.bigint() });
    this.consumer = new Consumer({
      nowNs: () => process.hrtime.bigint(),
      fence: backend.shm.fence,
      options,
    });
    this.#source = new FrameSource({
      consumer: this.consumer,
      descriptors,
      follow: () => {
        this.#follow();
      },
      onDrop: (reason) => {
        this.#log.dropped(reason);
        options.onDrop?.(reason);
      },
    });
    this.#timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
    // A producer that may have gone is no reason to live.
    this.#timer.unref();
  }

  /** Whether frames can come. */
  get isMapped(): boolean {
    return this.consumer.stream !== undefined;
  }

  /** Hands the frames that have come to `handler`, each valid during the call; returns how many. */
  poll(handler: (frame: Frame) => void): number {
    return this.#source.poll(handler);
  }

  /**
   * Yields frames as they come, each valid until the next is asked for; waits on the event loop, and after a pause for a
   * millisecond at a time. Ends when closed.
   */
  frames(): AsyncGenerator<Frame, void, undefined> {
    return this.#source.frames();
  }

  /**
   * Blocks this worker thread until the next frame is committed, or `timeoutMs` milliseconds have passed; then poll.
   *
   * The producer must wake its readers (`wakeReaders`); one that does not is noticed when the time has passed. While
   * nothing is mapped it returns at once.
   *
   * @throws NativeIoError `native_io.main_thread` on the main thread, `native_io.unsupported` on the portable
   *   backend.
   */
  wait(timeoutMs: number): void {
    const { stream, lastSeq } = this.consumer;
    if (stream !== undefined) waitForNextFrame(stream, lastSeq, this.#futex, timeoutMs);
  }

  /**
   * Looks whether the producer still lives, and gives its regions up when it does not. Called each second by the event loop; a thread
   * that blocks in {@link DirectConsumer.wait} calls it itself.
   */
  tick(): void {
    const { stream } = this.consumer;
    if (stream === undefined) return;
    const superblock = readSuperblock(stream.ring.bytes);
    this.#act(this.#mapping.tick(process.hrtime.bigint(), superblock?.activityTimestampNs ?? 0n));
  }

  /** Stops reading and gives all memory back. Harmless the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#source.close();
    this.#announces.close();
    this.consumer.unmap();
    this.#folders.close();
  }

  // Before frames are read: what is mapped follows what is announced. A consumer that gave its stream up, because numbers
  // went back, waits for the next epoch.
  #follow(): void {
    if (this.consumer.stream === undefined && this.#mapping.isMapped) {
      this.#act(this.#mapping.abandon());
    }
    this.#announces.poll(this.#onAnnounce, 8);
  }

  // Announces of all streams come on one: what is not ours or not right is none of our business.
  readonly #onAnnounce = (term: AtomicBuffer, offset: number, length: number): void => {
    try {
      const layout = decodeAnnounce(term.view, offset, length);
      if (typeof layout === "string" || layout.streamId !== this.#options.streamId) return;
      const now = process.hrtime.bigint();
      const clock = layout.clock === "monotonic" ? now : BigInt(Date.now()) * 1_000_000n;
      this.#act(this.#mapping.announced(layout, clock, now));
    } catch (error) {
      if (!isWireError(error)) throw error;
    }
  };

  #act(action: MappingAction): void {
    if (action.kind === "unmap") this.#unmap(action.reason);
    if (action.kind !== "map") return;
    if (this.consumer.stream !== undefined) this.#unmap("newEpoch");
    const { epoch } = action.layout;
    try {
      this.consumer.map(mapRegions(this.#folders, action.layout));
      this.#mapping.mapped();
      this.#log.mapped(epoch);
      this.#options.onMapped?.(epoch);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#mapping.failed();
      this.#log.unusable(message);
      this.#options.onUnmapped?.(message);
    }
  }

  #unmap(reason: string): void {
    this.consumer.unmap();
    this.#log.unmapped(reason);
    this.#options.onUnmapped?.(reason);
  }
}

/** Starts reading a stream; on failure nothing stays open. @throws NativeIoError, AeronError */
export function openDirectConsumer(options: DirectConsumerOptions): Promise<DirectConsumer> {
  return openAll((opened) => openConsumer(options, opened));
}

async function openConsumer(
  options: DirectConsumerOptions,
  opened: Opened,
): Promise<DirectConsumer> {
  const { client, channel = DEFAULT_CHANNEL } = options;
  const streamId = options.descriptorStreamId ?? StreamIds.descriptor;
  const { announceChannel = channel, announceStreamId = StreamIds.announce } = options;
  const shared = await opened.opening(client.addSubscription(channel, streamId));
  const announces = await opened.opening(client.addSubscription(announceChannel, announceStreamId));
  const descriptors = new DescriptorStreams(client, { channel, streamId }, shared);
  return new DirectConsumer(options, descriptors, announces);
}
