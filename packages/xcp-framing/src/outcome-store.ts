import type { WireError } from "@proj/wire-types";
import type { OutgoingMessage } from "./message.js";
import type { MsgId } from "./wire/header.js";

const MAX_POSTPONED = 65_536;

/** What became of a message that was completed. */
export interface Outcome {
  /** Whether it was ACKed. */
  readonly acked: boolean;
  /** The reply it got. */
  readonly reply: OutgoingMessage | undefined;
  /** Why it was refused. */
  readonly refusal: WireError | undefined;
}

/**
 * Keeps the outcomes of the newest messages, so that a duplicate gets the same answer. spec/xcp.md §10
 *
 * A ring over ids bounded by count and by the bytes of the replies, buffers counted whole: a small reply may keep a large
 * buffer alive.
 */
export class OutcomeStore {
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #ids: MsgId[];
  readonly #outcomes: (Outcome | undefined)[];
  // Refused for now: these run when they come again, so their ids are kept apart and longer.
  readonly #postponed = new Set<MsgId>();
  #bytes = 0;
  #evictFrom = 0;

  /** Keeps at most `capacity` outcomes whose replies hold at most `maxBytes`. */
  constructor(capacity: number, maxBytes: number) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
    this.#ids = Array.from<MsgId>({ length: capacity }).fill(0);
    this.#outcomes = Array.from<undefined>({ length: capacity });
  }

  /** The outcome of `id`, if it is still kept. */
  get(id: MsgId): Outcome | undefined {
    const slot = this.#slot(id);
    return this.#ids[slot] === id ? this.#outcomes[slot] : undefined;
  }

  /** Whether `id` was refused for now and may run again. */
  isPostponed(id: MsgId): boolean {
    return this.#postponed.has(id);
  }

  /** Notes that `id` runs, perhaps again. */
  running(id: MsgId): void {
    if (this.#postponed.size > 0) this.#postponed.delete(id);
  }

  /** Keeps the outcome of `id`; a reply that alone exceeds the limit is left out. */
  record(id: MsgId, outcome: Outcome): void {
    if (outcome.refusal?.retryable === true) {
      this.#postpone(id);
      return;
    }
    const slot = this.#slot(id);
    this.#forget(slot);
    const bytes = replyBytes(outcome);
    if (bytes > this.#maxBytes || isStreamed(outcome)) return;
    this.#ids[slot] = id;
    this.#outcomes[slot] = outcome;
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) {
      if (this.#evictFrom !== slot && this.#holdsBytes(this.#evictFrom)) {
        this.#forget(this.#evictFrom);
      }
      this.#evictFrom = (this.#evictFrom + 1) % this.#capacity;
    }
  }

  #postpone(id: MsgId): void {
    this.#postponed.add(id);
    if (this.#postponed.size <= MAX_POSTPONED) return;
    const [oldest] = this.#postponed;
    if (oldest !== undefined) this.#postponed.delete(oldest);
  }

  #holdsBytes(slot: number): boolean {
    const outcome = this.#outcomes[slot];
    return outcome !== undefined && replyBytes(outcome) > 0;
  }

  #forget(slot: number): void {
    const outcome = this.#outcomes[slot];
    if (outcome === undefined) return;
    this.#bytes -= replyBytes(outcome);
    this.#outcomes[slot] = undefined;
  }

  #slot(id: MsgId): number {
    return typeof id === "number" ? id % this.#capacity : Number(id % BigInt(this.#capacity));
  }
}

function isStreamed(outcome: Outcome): boolean {
  return outcome.reply !== undefined && !(outcome.reply.body instanceof Uint8Array);
}

function replyBytes(outcome: Outcome): number {
  const body = outcome.reply?.body;
  return body instanceof Uint8Array ? body.buffer.byteLength : 0;
}
