import { AtomicBuffer } from "@proj/aeron";
import type { SharedRegion } from "@proj/wire-types";

/** One pool of a mapped stream. */
export class MappedPool {
  /** The pool. */
  readonly poolId: number;
  /** Bytes from one slot to the next. */
  readonly strideBytes: number;
  readonly #segments: readonly SharedRegion[];
  readonly #slotsPerSegment: number;
  readonly #views: (Uint8Array | undefined)[];
  readonly #payloads: (Uint8Array | undefined)[];

  /**
   * `segments` map the pool behind its superblock; each but the last holds `slotsPerSegment` whole slots.
   */
  constructor(
    poolId: number,
    strideBytes: number,
    segments: readonly SharedRegion[],
    slotsPerSegment: number,
  ) {
    this.poolId = poolId;
    this.strideBytes = strideBytes;
    this.#segments = segments;
    this.#slotsPerSegment = slotsPerSegment;
    this.#views = [];
    this.#payloads = [];
  }

  /** The bytes of a slot; always the same view, so that none is made per frame. */
  slot(index: number): Uint8Array {
    const known = this.#views[index];
    if (known !== undefined) return known;
    const segment = this.#segments[Math.floor(index / this.#slotsPerSegment)];
    if (segment === undefined) throw new RangeError(`slot ${index} of pool ${this.poolId}`);
    const start = (index % this.#slotsPerSegment) * this.strideBytes;
    const view = segment.bytes.subarray(start, start + this.strideBytes);
    this.#views[index] = view;
    return view;
  }

  /** The first `length` bytes of a slot; the view of last time, as long as the length is the same. */
  payload(index: number, length: number): Uint8Array {
    const known = this.#payloads[index];
    if (known !== undefined && known.length === length) return known;
    const view = this.slot(index).subarray(0, length);
    this.#payloads[index] = view;
    return view;
  }

  /** Gives the memory back. */
  unmap(): void {
    for (const segment of this.#segments) segment.unmap();
  }
}

/** What a mapped stream is made of. */
export interface MappedStreamSetup {
  /** The stream. */
  readonly streamId: number;
  /** The generation of its regions. */
  readonly epoch: bigint;
  /** Slots of the ring and of every pool. */
  readonly nslots: number;
  /** The header ring, its superblock counted. */
  readonly ring: SharedRegion;
  /** The pools. */
  readonly pools: readonly MappedPool[];
  /** The superblocks, for whoever keeps the stream alive. */
  readonly superblocks: readonly SharedRegion[];
}

/** The regions of one epoch of a stream, mapped by this process. */
export class MappedStream {
  /** The stream. */
  readonly streamId: number;
  /** The generation of its regions. */
  readonly epoch: bigint;
  /** The low 32 bits of the epoch, signed. */
  readonly epochLow: number;
  /** The high 32 bits of the epoch, signed. */
  readonly epochHigh: number;
  /** Slots of the ring and of every pool, a power of two. */
  readonly nslots: number;
  /** The header ring. */
  readonly ring: AtomicBuffer;
  /** The pools. */
  readonly pools: readonly MappedPool[];
  /** The memory that begins with a superblock: the ring's, and one for each pool. */
  readonly superblocks: readonly SharedRegion[];
  readonly #ring: SharedRegion;
  readonly #byId: ReadonlyMap<number, MappedPool>;
  #last: MappedPool | undefined;
  #mapped = true;

  /** Takes regions that were checked against what announced them. */
  constructor(setup: MappedStreamSetup) {
    this.streamId = setup.streamId;
    this.epoch = setup.epoch;
    this.epochLow = Number(BigInt.asIntN(32, setup.epoch));
    this.epochHigh = Number(BigInt.asIntN(32, setup.epoch >> 32n));
    this.nslots = setup.nslots;
    this.ring = new AtomicBuffer(setup.ring.bytes);
    this.pools = setup.pools;
    this.superblocks = setup.superblocks;
    this.#ring = setup.ring;
    this.#byId = new Map(setup.pools.map((pool) => [pool.poolId, pool]));
  }

  /** Whether it can still be read. */
  get isMapped(): boolean {
    return this.#mapped;
  }

  /** Returns a pool; frames of one kind lie in one, so that the last one is asked first. */
  pool(poolId: number): MappedPool | undefined {
    if (this.#last?.poolId === poolId) return this.#last;
    this.#last = this.#byId.get(poolId);
    return this.#last;
  }

  /** Gives all memory back; harmless the second time. Views of slots are empty from then on. */
  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    this.#ring.unmap();
    for (const pool of this.pools) pool.unmap();
    for (const superblock of this.superblocks) superblock.unmap();
  }
}
