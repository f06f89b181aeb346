import type { MsgId } from "./wire/header.js";

const DELAY_US = 5000;
const MAX_IDS = 1024;

/** ACKs of one channel that share a frame. */
export interface AckBatch {
  readonly channelId: number;
  readonly ids: readonly MsgId[];
}

/**
 * Gathers ACKs for up to 5 ms, so that they share frames: one per channel, because an ACK travels on the channel of its
 * message. They also leave with whatever else is sent before. spec/xcp.md §7, §10
 */
export class Acknowledgements {
  readonly #byChannel = new Map<number, MsgId[]>();
  #count = 0;
  #dueUs = Number.POSITIVE_INFINITY;

  /** When the oldest ACK must leave. */
  get dueUs(): number {
    return this.#dueUs;
  }

  /** Whether any ACK waits. */
  get pending(): boolean {
    return this.#count > 0;
  }

  /** Adds the ACK of message `id`. */
  add(nowUs: number, channelId: number, id: MsgId): void {
    const ids = this.#byChannel.get(channelId);
    if (ids === undefined) this.#byChannel.set(channelId, [id]);
    else ids.push(id);
    this.#count++;
    this.#dueUs = this.#count >= MAX_IDS ? nowUs : Math.min(this.#dueUs, nowUs + DELAY_US);
  }

  /** Removes all ACKs, one batch per channel. */
  take(): AckBatch[] {
    const batches = Array.from(this.#byChannel, ([channelId, ids]) => ({ channelId, ids }));
    this.#byChannel.clear();
    this.#count = 0;
    this.#dueUs = Number.POSITIVE_INFINITY;
    return batches;
  }
}
