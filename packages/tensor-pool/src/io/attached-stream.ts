import { isWireError } from "@proj/wire-types";
import type { StreamLayout } from "../announce/announce.js";
import { type MappingAction, StreamMapping } from "../announce/stream-mapping.js";
import { Consumer, type ConsumerOptions } from "../consumer/consumer.js";
import type { DropReason } from "../consumer/drop-reason.js";
import type { Frame } from "../consumer/frame.js";
import { SlotReader } from "../consumer/slot-reader.js";
import type { GrantedLease } from "../driver-client/attach-check.js";
import { Role } from "../messages/generated/driver.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll } from "./opened.js";
import { mapRegions } from "./region-files.js";
import { type AttachmentOptions, StreamAttachment } from "./stream-attachment.js";

/** How regions are followed with a lease. */
export interface AttachedStreamOptions extends AttachmentOptions, ConsumerOptions {
  /** The stream. */
  readonly streamId: number;
  /** Called when regions were mapped. */
  readonly onMapped?: (epoch: bigint) => void;
  /** Called when regions were given up or could not be mapped, with the reason. */
  readonly onUnmapped?: (reason: string) => void;
}

/** A stream's regions, mapped to read under a lease of the driver, in whatever epoch it is. spec/tensor-pool.md §14.3 */
export class AttachedStream {
  readonly #options: AttachedStreamOptions;
  readonly #attachment: StreamAttachment;
  /** What turns descriptors into frames. */
  readonly consumer: Consumer;
  #mapping: StreamMapping;
  readonly #slots: SlotReader;
  readonly #joinTimeNs = monotonicNs();

  /** Use {@link attachStream}. */
  constructor(options: AttachedStreamOptions) {
    this.#options = options;
    this.#mapping = this.#newMapping();
    this.#attachment = new StreamAttachment(Role.CONSUMER, options, {
      attached: (lease) => {
        this.#attached(lease);
      },
      lost: (event) => {
        const reason = event.kind === "lost" ? event.loss.kind : event.kind;
        this.#unmap(reason);
        if (event.kind === "producerGone") this.#mapping.abandon();
      },
      announced: (layout) => {
        this.#announced(layout);
      },
    });
    const { fence } = this.#attachment.backend.shm;
    this.consumer = new Consumer({ nowNs: monotonicNs, fence, options });
    this.#slots = new SlotReader(fence);
  }

  /** Whether frames can come. */
  get isMapped(): boolean {
    return this.consumer.stream !== undefined;
  }

  /** The epoch that is mapped. */
  get epoch(): bigint | undefined {
    return this.consumer.stream?.epoch;
  }

  /** Its lease. */
  get lease(): StreamAttachment["lease"] {
    return this.#attachment.lease;
  }

  /** The connection to the driver. */
  get attachment(): StreamAttachment {
    return this.#attachment;
  }

  /** Opens the streams and asks for the lease. */
  async start(): Promise<void> {
    await this.#attachment.start();
  }

  /** Returns the frame with this number as it lies there now; or why it does not. */
  frame(seq: number): Frame | DropReason {
    const { stream } = this.consumer;
    return stream === undefined ? "unmapped" : this.#slots.read(stream, seq);
  }

  /** Waits on the event loop until regions are mapped. */
  async mapped(): Promise<void> {
    while (!this.isMapped && !this.#attachment.isClosed) {
      this.#attachment.turn();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Gives the lease and all memory back. Harmless the second time. */
  close(): void {
    this.consumer.unmap();
    this.#attachment.close();
  }

  /** Takes in what has come: the lease is what allows reading, and is looked after before any frame is handed out. */
  follow(): void {
    this.#attachment.turn();
    if (this.consumer.stream === undefined && this.#mapping.isMapped) {
      this.#act(this.#mapping.abandon());
    }
  }

  // What the driver answered counts as announced now, also below an epoch that an earlier driver had reached.
  #attached({ layout }: GrantedLease): void {
    const nowNs = monotonicNs();
    this.#mapping = this.#newMapping();
    const fresh = { ...layout, announceTimestampNs: nowNs };
    const action = this.#mapping.announced(fresh, nowNs, nowNs);
    if (action.kind === "map") this.#map(action.layout);
  }

  #announced(layout: StreamLayout): void {
    if (this.#attachment.lease.lease === undefined) return;
    const nowNs = monotonicNs();
    const clockNs = layout.clock === "monotonic" ? nowNs : BigInt(Date.now()) * 1_000_000n;
    this.#act(this.#mapping.announced(layout, clockNs, nowNs));
  }

  #act(action: MappingAction): void {
    if (action.kind === "unmap") this.#unmap(action.reason);
    if (action.kind !== "map") return;
    this.#unmap("newEpoch");
    try {
      this.#map(action.layout);
    } catch (error) {
      if (!isWireError(error)) throw error;
      this.#attachment.log.unusable(error.message);
    }
  }

  #map(layout: StreamLayout): void {
    try {
      this.consumer.map(mapRegions(this.#attachment.folders, layout));
    } catch (error) {
      this.#mapping.failed();
      this.#options.onUnmapped?.(error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.#mapping.mapped();
    this.#attachment.log.mapped(layout.epoch);
    this.#options.onMapped?.(layout.epoch);
  }

  #unmap(reason: string): void {
    if (this.consumer.stream === undefined) return;
    this.consumer.unmap();
    this.#attachment.log.unmapped(reason);
    this.#options.onUnmapped?.(reason);
  }

  #newMapping(): StreamMapping {
    const { announcePeriodNs } = this.#options;
    return new StreamMapping({
      joinTimeNs: this.#joinTimeNs,
      ...(announcePeriodNs === undefined ? {} : { announcePeriodNs }),
    });
  }
}

/** Starts to follow a stream that a driver keeps; the lease comes when the driver answers. On failure nothing stays open. @throws AeronError */
export function attachStream(options: AttachedStreamOptions): Promise<AttachedStream> {
  return openAll(async (opened) => {
    const stream = opened.keep(new AttachedStream(options));
    await stream.start();
    return stream;
  });
}
