import { RegionSpan } from "../buffer/region-span.js";
import { RegionPool } from "../buffer/region-pool.js";
import type { BufferState, RegisteredBuffer, Sealing } from "../buffer/registered-buffer.js";
import { DcquicError } from "../errors.js";
import type { PoolBuffers } from "../pool/pool-port.js";
import { type Id64, id64 } from "../wire/id64.js";
import type { LaneOutbox } from "./lane.js";
import type { ShareCommand } from "./share-messages.js";

interface Entry extends RegisteredBuffer {
  readonly id: Id64;
  state: BufferState;
  readonly bytes: number;
  references: number;
  sealing: Sealing | undefined;
  readonly recipients: number;
  readonly span: RegionSpan;
}

interface Waiter {
  readonly bytes: number;
  readonly grant: (buffer: RegisteredBuffer) => void;
  readonly refuse: (error: unknown) => void;
}

// The size class of regions that belong to another thread's registry.
const FOREIGN = -1;
const PRESSURE_STEP = 0.06;
const WORDS = 2 ** 32;

/**
 * Buffers of a pool on another thread: that thread allocates and counts them, this one writes their memory, which both share.
 *
 * @see spec/dcquic.md §8.3, D-32
 */
export class RemoteBuffers implements PoolBuffers {
  /** See {@link PoolBuffers}. */
  readonly limitBytes: number;
  readonly #outbox: LaneOutbox<ShareCommand>;
  readonly #entries = new Map<number, Entry>();
  readonly #waiters = new Map<number, Waiter>();
  #usedBytes = 0;
  #next = 0;
  #isLost = false;

  /** Asks through `outbox`. */
  constructor(outbox: LaneOutbox<ShareCommand>, limitBytes: number) {
    this.#outbox = outbox;
    this.limitBytes = limitBytes;
  }

  /** Bytes of this thread's buffers. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** See {@link PoolBuffers}: nobody can tell at once. */
  allocate(): undefined {
    return undefined;
  }

  /** See {@link PoolBuffers}. */
  allocateLater(
    bytes: number,
    priority: number,
    grant: (buffer: RegisteredBuffer) => void,
    refuse: (error: unknown) => void,
  ): () => void {
    if (RegionPool.footprint(bytes) > this.limitBytes * (1 - PRESSURE_STEP * priority)) {
      throw new RangeError(`${bytes} bytes never fit into a pool of ${this.limitBytes}`);
    }
    if (this.#isLost) {
      refuse(gone());
      return () => {};
    }
    const buffer = this.#freeNumber();
    this.#waiters.set(buffer, { bytes, grant, refuse });
    this.#outbox.post({ kind: "allocate", buffer, bytes, priority });
    return () => {
      if (this.#waiters.delete(buffer)) this.#outbox.post({ kind: "drop", buffer });
    };
  }

  /** A buffer was allocated. */
  allocated(buffer: number, regions: readonly Uint8Array[]): void {
    const waiter = this.#waiters.get(buffer);
    // Nobody waits any more: the command that says so has crossed this.
    if (waiter === undefined) return;
    this.#waiters.delete(buffer);
    const { bytes, grant } = waiter;
    const span = new RegionSpan(
      bytes,
      regions.map((memory) => ({ bytes: memory, sizeClass: FOREIGN })),
    );
    const entry: Entry = {
      id: id64(0, buffer),
      state: "allocated",
      bytes,
      references: 1,
      sealing: undefined,
      recipients: 0,
      span,
    };
    this.#entries.set(buffer, entry);
    this.#usedBytes += bytes;
    grant(entry);
  }

  /** The number of a filled buffer. @throws TypeError once it is released. */
  numberOf(buffer: RegisteredBuffer): number {
    return this.#entryOf(buffer).id.lo;
  }

  /** See {@link PoolBuffers}. */
  memoryOf(buffer: RegisteredBuffer): readonly Uint8Array[] {
    return this.#entryOf(buffer).span.memory;
  }

  /** See {@link PoolBuffers}. */
  write(buffer: RegisteredBuffer, offset: number, bytes: Uint8Array): void {
    this.#writable(buffer, offset, bytes.length).write(offset, bytes);
  }

  /** See {@link PoolBuffers}. */
  lend(buffer: RegisteredBuffer, offset: number, length: number): Uint8Array | undefined {
    return this.#writable(buffer, offset, length).lend(offset, length);
  }

  /** See {@link PoolBuffers}. */
  fill(buffer: RegisteredBuffer, sealing: Sealing): void {
    const entry = this.#entryOf(buffer);
    if (entry.state === "filled") throw new TypeError("the buffer is filled already");
    entry.state = "filled";
    entry.sealing = sealing;
    this.#outbox.post({ kind: "fill", buffer: entry.id.lo, sealing });
  }

  /** See {@link PoolBuffers}. */
  retain(buffer: RegisteredBuffer): void {
    const entry = this.#entryOf(buffer);
    if (entry.state !== "filled") throw new TypeError(`a ${entry.state} buffer has no transfers`);
    entry.references += 1;
  }

  /** See {@link PoolBuffers}. */
  release(buffer: RegisteredBuffer): void {
    // What is dropped after the pool was closed, or its thread ended, went with it.
    if (this.#isLost) return;
    const entry = this.#entryOf(buffer);
    entry.references -= 1;
    if (entry.references > 0) return;
    entry.state = "released";
    this.#usedBytes -= entry.bytes;
    this.#entries.delete(entry.id.lo);
    this.#outbox.post({ kind: "drop", buffer: entry.id.lo });
  }

  /** The lane is closed: the memory belongs to others from now on. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const entry of this.#entries.values()) entry.state = "released";
    this.#entries.clear();
    this.#usedBytes = 0;
    for (const { refuse } of waiters) refuse(gone());
  }

  #freeNumber(): number {
    do this.#next = (this.#next + 1) % WORDS;
    while (this.#entries.has(this.#next) || this.#waiters.has(this.#next));
    return this.#next;
  }

  #writable(buffer: RegisteredBuffer, offset: number, length: number): RegionSpan {
    const entry = this.#entryOf(buffer);
    if (entry.state === "filled") throw new TypeError("a filled buffer cannot be written");
    entry.span.check(offset, length);
    entry.state = "writing";
    return entry.span;
  }

  #entryOf(buffer: RegisteredBuffer): Entry {
    const entry = this.#entries.get(buffer.id.lo);
    if (entry === undefined || entry !== buffer) throw new TypeError("the buffer is released");
    return entry;
  }
}

function gone(): DcquicError {
  return new DcquicError("dcquic.going_away", "the thread of the pool ended");
}
