import type { PayloadMemory } from "../../wire/frame-reader.js";

/** Shorter payloads are not worth being kept. */
const LEAST_BYTES = 65_536;
const STEP_BYTES = 65_536;
/** How much longer memory may be than what it is taken for. */
const LONGEST_FACTOR = 2;
/** What lies idle at most: as much as peers may have under way to this side by default. */
const MOST_IDLE_BYTES = 67_108_864;

/**
 * Memory for payloads that is used again: fresh memory costs the system more than filling it, and V8 more than either, since it
 * collects its whole heap for every few dozen MB of it.
 *
 * Whoever forgets to give memory back loses nothing but its next use.
 */
export class PayloadPool implements PayloadMemory {
  // In the order in which they were given back: the last one is still in the processor's cache, the first one is least wanted.
  readonly #idle: ArrayBuffer[] = [];
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

  /** Takes back what {@link take} gave, or a view of it: nobody reads it any more. Other memory is left alone. */
  give({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer) || !(buffer instanceof ArrayBuffer)) return;
    this.#idle.push(buffer);
    this.#idleBytes += buffer.byteLength;
    // Units grow with the rate: lengths that are no longer asked for must not keep out those that are.
    while (this.#idleBytes > MOST_IDLE_BYTES) {
      this.#idleBytes -= this.#idle.shift()?.byteLength ?? 0;
    }
  }

  // Units have several lengths: what is somewhat too long serves as well.
  #takeIdle(least: number): ArrayBuffer | undefined {
    const fits = ({ byteLength }: ArrayBuffer): boolean =>
      byteLength >= least && byteLength <= LONGEST_FACTOR * least;
    const index = this.#idle.findLastIndex(fits);
    if (index < 0) return undefined;
    const [buffer] = this.#idle.splice(index, 1);
    this.#idleBytes -= buffer?.byteLength ?? 0;
    return buffer;
  }
}
