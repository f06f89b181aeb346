import type { PayloadMemory } from "../../wire/frame-reader.js";

/** Shorter payloads are not worth being kept. */
const LEAST_BYTES = 65_536;
const STEP_BYTES = 65_536;
/** How much longer memory may be than what it is taken for. */
const LONGEST_FACTOR = 2;
/** What lies idle at most: as much as peers may have under way to this side by default. */
const MOST_IDLE_BYTES = 67_108_864;

/**
 * Memory for payloads that is used again: fresh memory costs the system more than filling it.
 *
 * Whoever forgets to give memory back loses nothing but its next use.
 */
export class PayloadPool implements PayloadMemory {
  readonly #idle = new Map<number, ArrayBuffer[]>();
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #idleBytes = 0;

  /** Gives memory of `bytes` bytes that hold whatever they held. */
  take(bytes: number): Uint8Array {
    if (bytes < LEAST_BYTES) return new Uint8Array(bytes);
    const size = Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
    const buffer = this.#takeIdle(size) ?? new ArrayBuffer(size);
    this.#lent.add(buffer);
    return new Uint8Array(buffer, 0, bytes);
  }

  // Units have several lengths: what is somewhat too long serves as well.
  #takeIdle(least: number): ArrayBuffer | undefined {
    for (let size = least; size <= LONGEST_FACTOR * least; size += STEP_BYTES) {
      const known = this.#idle.get(size)?.pop();
      if (known === undefined) continue;
      this.#idleBytes -= size;
      return known;
    }
    return undefined;
  }

  /** Takes back what {@link take} gave, or a view of it: nobody reads it any more. Other memory is left alone. */
  give({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer) || !(buffer instanceof ArrayBuffer)) return;
    const size = buffer.byteLength;
    if (this.#idleBytes + size > MOST_IDLE_BYTES) return;
    const idle = this.#idle.get(size);
    if (idle === undefined) this.#idle.set(size, [buffer]);
    else idle.push(buffer);
    this.#idleBytes += size;
  }
}
