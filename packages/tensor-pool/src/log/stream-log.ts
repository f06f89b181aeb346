import type { DropReason } from "../consumer/drop-reason.js";
import type { LeaseEvent } from "../driver-client/lease-event.js";
import { type Logger, LogLevel } from "./logger.js";

/** Says what becomes of one stream at a client: its lease, its regions, its frames. spec/tensor-pool.md §24 */
export class StreamLog {
  readonly #logger: Logger | undefined;
  readonly #stream: { readonly streamId?: number };

  /** Without a logger nothing is said; without a stream id, the driver chooses the stream. */
  constructor(logger: Logger | undefined, streamId: number | undefined) {
    this.#logger = logger;
    this.#stream = streamId === undefined ? {} : { streamId };
  }

  /** Says what happened to the lease. */
  lease(event: LeaseEvent): void {
    const stream = this.#stream;
    switch (event.kind) {
      case "attached": {
        const { leaseId, layout } = event.lease;
        const { streamId, epoch } = layout;
        this.#logger?.say(LogLevel.info, "attached", { streamId, epoch, leaseId });
        return;
      }
      case "lost":
        this.#logger?.say(LogLevel.warn, "leaseLost", { ...stream, reason: event.loss.kind });
        return;
      case "refused":
      case "protocolError":
        this.#logger?.sayLimited(LogLevel.warn, event.kind, { ...stream, message: event.message });
        return;
      case "timedOut":
        this.#logger?.sayLimited(LogLevel.warn, event.kind, stream);
        return;
      case "producerGone":
      case "detached":
        this.#logger?.say(LogLevel.info, event.kind, stream);
    }
  }

  /** Says that regions were mapped. */
  mapped(epoch: bigint): void {
    this.#logger?.say(LogLevel.info, "mapped", { ...this.#stream, epoch });
  }

  /** Says that regions were given up. */
  unmapped(reason: string): void {
    this.#logger?.say(LogLevel.info, "unmapped", { ...this.#stream, reason });
  }

  /** Says that regions are not what was announced, or may not be used. */
  unusable(message: string): void {
    this.#logger?.sayLimited(LogLevel.warn, "unusable", { ...this.#stream, message });
  }

  /** Says that a descriptor gave no frame. */
  dropped(reason: DropReason): void {
    if (this.#logger?.says(LogLevel.debug) !== true) return;
    this.#logger.sayLimited(LogLevel.debug, "dropped", { ...this.#stream, reason });
  }
}
