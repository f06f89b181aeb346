import type { PacketBatch } from "../crypto/packet-batch.js";
import { type Id64, id64 } from "../wire/id64.js";
import { AllocationQueue } from "./allocation-queue.js";
import type { IntervalSet } from "./interval-set.js";
import { type Region, RegionPool } from "./region-pool.js";
import { RegionSpan } from "./region-span.js";
import type { BufferState, RegisteredBuffer, Sealing, SharedBuffer } from "./registered-buffer.js";

interface Entry {
  readonly id: Id64;
  state: BufferState;
  readonly bytes: number;
  references: number;
  sealing: Sealing | undefined;
  readonly span: RegionSpan;
  released: (() => void) | undefined;
  readonly attached: Set<IntervalSet>;
  recipients: number;
}

// The size class of regions that belong to the registry of another thread.
const FOREIGN = -1;
const MAX_GENERATION = 2 ** 32 - 1;

/**
 * Every buffer of a process: ids, states and reference counts. With the last reference the memory goes back.
 *
 * ```
 * allocated ─write─▶ writing ─fill─▶ filled ─last reference dropped─▶ released
 * ```
 *
 * @see spec/dcquic.md §8.3
 */
export class BufferRegistry {
  readonly #pool = new RegionPool();
  readonly #queue: AllocationQueue;
  readonly #entries: (Entry | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #size = 0;

  /** `limitBytes` bounds what all buffers take together. */
  constructor(limitBytes: number) {
    this.#queue = new AllocationQueue(this.#pool, limitBytes);
  }

  /** How many buffers exist. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that all buffers may take together. */
  get limitBytes(): number {
    return this.#queue.limitBytes;
  }

  /** Bytes in use, rounded up to regions. */
  get usedBytes(): number {
    return this.#pool.usedBytes;
  }

  /** Share of the limit that is in use. */
  get pressure(): number {
    return this.#queue.pressure;
  }

  /** Sum of all reference counts, for the test that none is lost. */
  get references(): number {
    return this.#entries.reduce((sum, entry) => sum + (entry?.references ?? 0), 0);
  }

  /** How many of them are those of attached transfers. */
  get attachments(): number {
    return this.#entries.reduce((sum, entry) => sum + (entry?.attached.size ?? 0), 0);
  }

  /** Allocates a buffer with one reference, or returns `undefined` under pressure: lower priorities feel it first. */
  allocate(bytes: number, priority: number): RegisteredBuffer | undefined {
    return this.#queue.mayAllocate(bytes, priority) ? this.#create(bytes) : undefined;
  }

  /**
   * Allocates as soon as there is room, first come first served within a priority.
   *
   * @returns a function that gives up waiting.
   * @throws RangeError for what never fits.
   */
  allocateLater(
    bytes: number,
    priority: number,
    grant: (buffer: RegisteredBuffer) => void,
  ): () => void {
    return this.#queue.wait(bytes, priority, () => grant(this.#create(bytes)));
  }

  /** Finds a buffer by id; its generation must be the present one. */
  get(id: Id64): RegisteredBuffer | undefined {
    const entry = this.#entries[id.lo];
    return entry?.id.hi === id.hi ? entry : undefined;
  }

  /** Writes into a buffer that is not filled yet. */
  write(buffer: RegisteredBuffer, offset: number, bytes: Uint8Array): void {
    this.#writable(buffer, offset, bytes.length).span.write(offset, bytes);
  }

  /**
   * Lends `length` bytes of a buffer that is not filled yet, to be written in place until it is; `undefined` where they lie in
   * more than one region. Peers may read a region from an earlier lease: nothing secret belongs there, not for a moment.
   */
  lend(buffer: RegisteredBuffer, offset: number, length: number): Uint8Array | undefined {
    return this.#writable(buffer, offset, length).span.lend(offset, length);
  }

  /** Ends writing: from now on the buffer can be attached to transfers. */
  fill(buffer: RegisteredBuffer, sealing: Sealing): void {
    const entry = this.#entryOf(buffer);
    if (entry.state === "filled") throw new TypeError("the buffer is filled already");
    entry.state = "filled";
    entry.sealing = sealing;
  }

  /** The memory of a buffer, in order: other threads see the same bytes. @throws RangeError if any of it was given back. */
  memoryOf(buffer: RegisteredBuffer): readonly Uint8Array[] {
    return this.#entryOf(buffer).span.memory;
  }

  /** Describes a filled buffer for another thread. Keep a reference until that one is done. @throws TypeError unless filled. */
  share(buffer: RegisteredBuffer): SharedBuffer {
    const entry = this.#entryOf(buffer);
    const { sealing, bytes } = entry;
    if (entry.state !== "filled" || sealing === undefined) {
      throw new TypeError(`a ${entry.state} buffer cannot be shared`);
    }
    return { bytes, sealing, regions: entry.span.memory };
  }

  /** Takes in a buffer of another thread, with one reference; `released` is called when the last one is dropped. */
  adopt(shared: SharedBuffer, released: () => void): RegisteredBuffer {
    const regions = shared.regions.map((bytes) => ({ bytes, sizeClass: FOREIGN }));
    const entry = this.#enter(shared.bytes, regions);
    entry.state = "filled";
    entry.sealing = shared.sealing;
    entry.released = released;
    return entry;
  }

  /** Adds a reference: a transfer is attached, or the handle is cloned. @throws TypeError unless the buffer is filled. */
  retain(buffer: RegisteredBuffer): void {
    const entry = this.#entryOf(buffer);
    if (entry.state !== "filled") throw new TypeError(`a ${entry.state} buffer has no transfers`);
    entry.references += 1;
  }

  /**
   * Attaches a transfer, which is a reference; `acked` holds the bytes that its peer has, and may grow until it is
   * detached.
   */
  attach(buffer: RegisteredBuffer, acked: IntervalSet): void {
    this.retain(buffer);
    const entry = this.#entryOf(buffer);
    entry.attached.add(acked);
    entry.recipients += 1;
  }

  /** Detaches a transfer. */
  detach(buffer: RegisteredBuffer, acked: IntervalSet): void {
    this.#entryOf(buffer).attached.delete(acked);
    this.release(buffer);
    if (this.get(buffer.id) !== undefined) this.acknowledged(buffer);
  }

  /**
   * Returns the regions that every attached transfer's peer has, from the front on, unless the application still holds a
   * handle and might attach more.
   */
  acknowledged(buffer: RegisteredBuffer): void {
    const { attached, references, span } = this.#entryOf(buffer);
    if (attached.size === 0 || references > attached.size) return;
    if (span.giveFront(attached, this.#give)) this.#queue.serve();
  }

  /** Whether the bytes `start … end` of a buffer are still here. */
  holds(buffer: RegisteredBuffer, start: number, end: number): boolean {
    return this.#entryOf(buffer).span.holds(start, end);
  }

  /** Drops a reference. With the last one the memory returns to the pool, and whoever waits for it is served. */
  release(buffer: RegisteredBuffer): void {
    const entry = this.#entryOf(buffer);
    entry.references -= 1;
    if (entry.references > 0) return;
    entry.state = "released";
    entry.span.giveAll(this.#give);
    this.#entries[entry.id.lo] = undefined;
    this.#free.push(entry.id.lo);
    this.#size -= 1;
    entry.released?.();
    this.#queue.serve();
  }

  /**
   * Has `copies` copy `length` bytes of a buffer from `offset` on to `at` of `into`.
   *
   * @throws RangeError for bytes that are not there.
   */
  copyOut(
    buffer: RegisteredBuffer,
    offset: number,
    length: number,
    into: Uint8Array,
    at: number,
    copies: Pick<PacketBatch, "copy">,
  ): void {
    const { span } = this.#entryOf(buffer);
    span.check(offset, length);
    span.copyOut(offset, length, into, at, copies);
  }

  // Regions of another thread's registry stay its own.
  readonly #give = (region: Region): void => {
    if (region.sizeClass !== FOREIGN) this.#pool.give(region);
  };

  #writable(buffer: RegisteredBuffer, offset: number, length: number): Entry {
    const entry = this.#entryOf(buffer);
    if (entry.state !== "allocated" && entry.state !== "writing") {
      throw new TypeError(`a ${entry.state} buffer cannot be written`);
    }
    entry.span.check(offset, length);
    entry.state = "writing";
    return entry;
  }

  #create(bytes: number): Entry {
    return this.#enter(bytes, [...this.#pool.take(bytes)]);
  }

  #enter(bytes: number, regions: Region[]): Entry {
    const slot = this.#free.pop() ?? this.#entries.length;
    const generation = ((this.#generations[slot] ?? 0) % MAX_GENERATION) + 1;
    this.#generations[slot] = generation;
    const id = id64(generation, slot);
    const entry: Entry = {
      id,
      state: "allocated",
      bytes,
      references: 1,
      sealing: undefined,
      span: new RegionSpan(bytes, regions),
      attached: new Set(),
      recipients: 0,
      released: undefined,
    };
    this.#entries[slot] = entry;
    this.#size += 1;
    return entry;
  }

  #entryOf(buffer: RegisteredBuffer): Entry {
    const entry = this.#entries[buffer.id.lo];
    if (entry === undefined || entry.id.hi !== buffer.id.hi) {
      throw new TypeError("the buffer is released");
    }
    return entry;
  }
}
