import type { ExclusivePublication } from "@proj/aeron";
import type { Shape } from "@proj/wire-types";
import type { GrantedLease } from "../driver-client/attach-check.js";
import { Role } from "../messages/generated/driver.js";
import type { FrameTemplate } from "../producer/frame-template.js";
import {
  type FrameClaim,
  type FrameOptions,
  Producer,
  type ProducerCounters,
  PublishResult,
} from "../producer/producer.js";
import { type PublishedTensor, TensorWriter } from "../producer/tensor-writer.js";
import type { PoolDType } from "../region/element-type.js";
import type { MappedStream } from "../region/mapped-stream.js";
import { DescriptorFanOut } from "../supervisor/descriptor-fan-out.js";
import { monotonicNs, writeMonotonicNs } from "./monotonic-clock.js";
import { openAll } from "./opened.js";
import { mapRegions } from "./region-files.js";
import type { ServedProducer } from "./served-producer.js";
import { type AttachmentOptions, StreamAttachment } from "./stream-attachment.js";
import { wakeReadersOf } from "./wake-readers.js";

/** How a producer with a lease is started. */
export interface AttachedProducerOptions extends AttachmentOptions {
  /** Whether readers that block are woken, by a call of the system for each frame; by default not. */
  readonly wakeReaders?: boolean;
  /** Called when an epoch may be written. */
  readonly onMapped?: (epoch: bigint) => void;
  /** Called when it may no more, with the reason. */
  readonly onUnmapped?: (reason: string) => void;
}

/** Writes a stream with a lease of the driver; a lease that is lost is asked for again. spec/tensor-pool.md §14.3 */
export class AttachedProducer implements ServedProducer {
  readonly #options: AttachedProducerOptions;
  readonly #attachment: StreamAttachment;
  readonly #writer = new TensorWriter();
  readonly #before: ProducerCounters = {
    published: 0,
    dropsNoPool: 0,
    descriptorBackPressured: 0,
  };
  #publication: ExclusivePublication | undefined;
  #descriptors: DescriptorFanOut | undefined;
  #producer: Producer | undefined;
  #stream: MappedStream | undefined;

  /** Use {@link attachProducer}. */
  constructor(options: AttachedProducerOptions) {
    this.#options = options;
    this.#attachment = new StreamAttachment(Role.PRODUCER, options, {
      attached: (lease) => {
        this.#attached(lease);
      },
      lost: (event) => {
        this.#unmap(event.kind === "lost" ? event.loss.kind : event.kind);
      },
      announced: () => undefined,
    });
  }

  /** What all epochs together have counted. */
  get counters(): ProducerCounters {
    const now = this.#producer?.counters;
    const { published, dropsNoPool, descriptorBackPressured } = this.#before;
    return {
      published: published + (now?.published ?? 0),
      dropsNoPool: dropsNoPool + (now?.dropsNoPool ?? 0),
      descriptorBackPressured: descriptorBackPressured + (now?.descriptorBackPressured ?? 0),
    };
  }

  /** Whether frames can be written. */
  get isMapped(): boolean {
    return this.#stream !== undefined;
  }

  /** The epoch that is written. */
  get epoch(): bigint | undefined {
    return this.#stream?.epoch;
  }

  /** The stream that is written. */
  get streamId(): number | undefined {
    return this.#stream?.streamId;
  }

  /** Who writes. */
  get producerId(): number {
    return this.#attachment.lease.clientId;
  }

  /** The number of its next frame. */
  get nextSeq(): number {
    return this.#producer?.nextSeq ?? 0;
  }

  /** Where descriptors go. @throws `RangeError` before it was started. */
  get descriptors(): DescriptorFanOut {
    if (this.#descriptors === undefined) throw new RangeError("the producer was not started");
    return this.#descriptors;
  }

  /** Its lease. */
  get lease(): StreamAttachment["lease"] {
    return this.#attachment.lease;
  }

  /** The regions that are written, while the lease lives. */
  get stream(): MappedStream | undefined {
    return this.#stream;
  }

  /** Opens the streams and asks for the lease. */
  async start(): Promise<void> {
    const { descriptorChannel, descriptorStreamId } = this.#attachment;
    const { client } = this.#options;
    const shared = await client.addExclusivePublication(descriptorChannel, descriptorStreamId);
    this.#publication = shared;
    this.#descriptors = new DescriptorFanOut(shared, monotonicNs);
    await this.#attachment.start();
  }

  /**
   * Copies a tensor into the pool and publishes it.
   *
   * @returns The frame's `seq`, or one of `PublishResult`.
   * @throws `RangeError` for a shape that no reader would accept, or elements that are too few.
   */
  publish(tensor: PublishedTensor, options?: FrameOptions): number {
    const producer = this.#mayWrite();
    if (producer === undefined) return PublishResult.leaseLost;
    return this.#writer.publish(producer, tensor, options);
  }

  /** Like {@link AttachedProducer.publish} with a header that was prepared, and bytes. */
  publishBytes(template: FrameTemplate, payload: Uint8Array, options?: FrameOptions): number {
    const producer = this.#mayWrite();
    if (producer === undefined) return PublishResult.leaseLost;
    return producer.publish(template, payload, options);
  }

  /**
   * Begins a frame to be written in place, row by row without gaps.
   *
   * @returns The claim, or one of `PublishResult`.
   */
  claim(shape: Shape, dtype: PoolDType): FrameClaim | number {
    const producer = this.#mayWrite();
    if (producer === undefined) return PublishResult.leaseLost;
    return this.#writer.claim(producer, shape, dtype);
  }

  /** Waits on the event loop until frames can be written. */
  async mapped(): Promise<void> {
    while (!this.isMapped && !this.#attachment.isClosed) {
      this.#attachment.turn();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Gives the lease and all memory back. Harmless the second time. */
  close(): void {
    this.#unmap("closed");
    this.#attachment.close();
    this.#descriptors?.close();
    this.#publication?.close();
  }

  // A loop that was blocked may have missed that the lease ran out; the memory may be somebody else's by now.
  #mayWrite(): Producer | undefined {
    const producer = this.#producer;
    if (producer === undefined || monotonicNs() < this.#attachment.lease.validUntilNs) {
      return producer;
    }
    this.#attachment.turn();
    return this.#producer;
  }

  #attached({ layout }: GrantedLease): void {
    if (this.#descriptors === undefined) return;
    const { backend, folders } = this.#attachment;
    const stream = mapRegions(folders, layout, "readWrite");
    this.#stream = stream;
    this.#producer = new Producer({
      stream,
      descriptors: this.#descriptors,
      nowNs: monotonicNs,
      writeNowNs: writeMonotonicNs,
      fence: backend.shm.fence,
      ...wakeReadersOf(backend, this.#options.wakeReaders),
    });
    this.#attachment.log.mapped(layout.epoch);
    this.#options.onMapped?.(layout.epoch);
  }

  #unmap(reason: string): void {
    const producer = this.#producer;
    if (producer === undefined) return;
    producer.revoke();
    for (const name of ["published", "dropsNoPool", "descriptorBackPressured"] as const) {
      this.#before[name] += producer.counters[name];
    }
    this.#producer = undefined;
    this.#stream?.unmap();
    this.#stream = undefined;
    this.#attachment.log.unmapped(reason);
    this.#options.onUnmapped?.(reason);
  }
}

/** Starts writing a stream that a driver keeps; the lease comes when the driver answers. On failure nothing stays open. @throws AeronError */
export function attachProducer(options: AttachedProducerOptions): Promise<AttachedProducer> {
  return openAll(async (opened) => {
    const producer = opened.keep(new AttachedProducer(options));
    await producer.start();
    return producer;
  });
}
