import type { Allocate } from "./wire/payload-buffer.js";

// Chunks of one message differ by their headers, and those of several by how they were divided: sizes are rounded up.
const STEP_BYTES = 16_384;
// A larger chunk gets memory of its own.
const SHARED_BYTES = 262_144;
// As many as a transport holds before it asks for a pause.
const MAX_SPARE = 3;

/**
 * Memory for sealed chunks that is used again once the transport has let go of it: fresh memory costs page faults, and each
 * buffer beside the heap brings the next garbage collection closer.
 */
export class ChunkMemory {
  readonly #allocate: Allocate;
  readonly #taken = new WeakMap<ArrayBufferLike, Uint8Array>();
  readonly #spare: Uint8Array[] = [];

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  /** Memory of just `bytes`, with whatever content. */
  take(bytes: number): Uint8Array {
    if (bytes > SHARED_BYTES) return this.#allocate(bytes);
    // One that turned out too small is left to the garbage collector: larger ones take its place.
    const spare = this.#spare.pop();
    const memory =
      spare !== undefined && spare.length >= bytes
        ? spare
        : this.#allocate(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    // Memory that shares its buffer with other memory cannot be told from it when it comes back.
    if (memory.length === memory.buffer.byteLength) this.#taken.set(memory.buffer, memory);
    return memory.subarray(0, bytes);
  }

  /** Takes back what `take` gave; anything else is left alone. */
  giveBack({ buffer }: Uint8Array): void {
    const memory = this.#taken.get(buffer);
    if (memory === undefined) return;
    this.#taken.delete(buffer);
    if (this.#spare.length < MAX_SPARE) this.#spare.push(memory);
  }
}
