import type { AeadJob, PacketAead } from "./backend.js";

const SHORT_BYTES = 64;

/** How far the tickets of packets that were described together are from one another. */
export const TICKET_STEP = 2;

/**
 * Packets that are sealed or opened together, and the copies of what they carry, where one call for many is cheaper than many
 * calls.
 *
 * All packets between two calls of {@link PacketBatch.sealAll}, and of {@link PacketBatch.openAll}, lie in one slab, or are
 * done at once. Until then their bytes must be neither read nor changed, nor those that are to be copied.
 *
 * @see spec/dcquic.md §22
 */
export interface PacketBatch {
  /** Has `length` bytes at `at` of `from` copied to `to` of `into` by the next {@link PacketBatch.copyAll}. */
  copy(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void;
  /** Copies what waits. */
  copyAll(): void;
  /** Has a packet sealed by the next {@link PacketBatch.sealAll}. The job may be reused at once. */
  seal(aead: PacketAead, job: AeadJob): void;
  /**
   * Has `count` packets sealed that lie one behind the other, each `strideBytes` behind the one before, of which the first is the
   * latest one. They are under its key and cut in the same way, and their nonces differ by the numbers in the last eight bytes,
   * little-endian, exclusive-or whatever is there: the next ones after the latest packet's, from `number` on. `false` if they have to be
   * described whole.
   */
  sealNext(strideBytes: number, number: number, count: number): boolean;
  /** Seals what waits, after all that waits was copied. */
  sealAll(): void;
  /** Has a packet opened by the next {@link PacketBatch.openAll}. Returns its ticket, which is never -1. */
  open(aead: PacketAead, job: AeadJob): number;
  /**
   * Has the next packets opened, as {@link PacketBatch.sealNext} has them sealed. Returns the ticket of the first, or -1 where that is
   * `false`; the tickets of the others are 2 more each time.
   */
  openNext(strideBytes: number, number: number, count: number): number;
  /** Opens what waits. */
  openAll(): void;
  /** Tells after {@link PacketBatch.openAll}, and until the next {@link PacketBatch.open}, whether a packet was authentic. */
  wasOpened(ticket: number): boolean;
}

/** Does everything at once: for backends that gain nothing by waiting. */
export class ImmediateBatch implements PacketBatch {
  readonly #results: boolean[] = [];
  #isDone = false;

  /** Copies at once. */
  copy(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
    copyNow(from, at, into, to, length);
  }

  /** Has nothing left to do. */
  copyAll(): void {}

  /** Seals at once. */
  seal(aead: PacketAead, job: AeadJob): void {
    aead.seal(job);
  }

  /** Wants every packet described whole. */
  sealNext(): boolean {
    return false;
  }

  /** Has nothing left to do. */
  sealAll(): void {}

  /** Opens at once. */
  open(aead: PacketAead, job: AeadJob): number {
    if (this.#isDone && this.#results.length > 0) this.#results.length = 0;
    this.#isDone = false;
    return this.#results.push(aead.open(job)) - 1;
  }

  /** Wants every packet described whole. */
  openNext(): number {
    return -1;
  }

  /** Ends the batch. */
  openAll(): void {
    this.#isDone = true;
  }

  /** Tells what became of a packet. */
  wasOpened(ticket: number): boolean {
    return this.#results[ticket] ?? false;
  }
}

/** Copies at once. */
export function copyNow(
  from: Uint8Array,
  at: number,
  into: Uint8Array,
  to: number,
  length: number,
): void {
  // A view costs more than these few bytes.
  if (length <= SHORT_BYTES) for (let i = 0; i < length; i++) into[to + i] = from[at + i] ?? 0;
  else into.set(from.subarray(at, at + length), to);
}
