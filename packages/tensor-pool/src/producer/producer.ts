import { choosePool, HEADER_SLOT_BYTES, slotOf } from "../region/layout.js";
import type { MappedPool, MappedStream } from "../region/mapped-stream.js";
import { beginSlot, commitSlot, SlotField, slotOffset } from "../region/slot-header.js";
import { type DescriptorSink, offerDescriptor } from "./descriptor-offer.js";
import { DescriptorWriter } from "./descriptor-writer.js";
import type { FrameTemplate } from "./frame-template.js";

/** Why a frame was not published. Numbers at or above 0 are its `seq`. spec/tensor-pool.md §8 */
export const PublishResult = {
  /** No pool has slots that are large enough. */
  noPool: -1,
  /** The lease is lost, or the producer was closed: its memory may not be written any more. */
  leaseLost: -2,
  /** As many claims are open as there are slots. */
  tooManyClaims: -3,
} as const;

/** What may accompany a frame. */
export interface FrameOptions {
  /** When it was captured, in nanoseconds; by default now. */
  readonly timestampNs?: bigint;
  /** The version of the metadata that describes it; by default the producer's. */
  readonly metaVersion?: number;
  /** Where it comes from: a trace id, not 0. */
  readonly traceId?: bigint;
}

/** What a producer stands on. */
export interface ProducerSetup {
  /** The regions, mapped for writing. */
  readonly stream: MappedStream;
  /** Where descriptors go. */
  readonly descriptors: DescriptorSink;
  /** Now in nanoseconds, of the stream's clock. */
  readonly nowNs: () => bigint;
  /** Writes it as 64 bits at `offset`, without making a bigint per frame; by default what `nowNs` gives is written. */
  readonly writeNowNs?: (view: DataView, offset: number) => void;
  /** Keeps what is written before it before what is written after it; nothing on x64. */
  readonly fence: () => void;
  /**
   * Wakes readers that block on a word of the ring, once its frame is announced; by default nobody is woken, since that
   * takes a call of the system for each frame.
   */
  readonly wakeReaders?: (words: Int32Array, index: number) => void;
  /** Whether descriptors carry the time of publishing; by default not. */
  readonly descriptorTimestamps?: boolean;
}

/** What a producer has counted. spec/tensor-pool.md §24 */
export interface ProducerCounters {
  /** Frames that were committed. */
  published: number;
  /** Frames that no pool could hold. */
  dropsNoPool: number;
  /** Descriptors that the transport did not take: their frames are there, and nobody was told. */
  descriptorBackPressured: number;
}

/** A frame being written in place: fill `bytes`, then commit or abort. */
export interface FrameClaim {
  /** The number it will have. */
  readonly seq: number;
  /** The payload's place, as long as the pool's slots. */
  readonly bytes: Uint8Array;
  /** Publishes it; descriptors go out in the order of `seq`, so that one may wait for those before it. */
  commit(options?: FrameOptions): void;
  /** Gives it up: its number is not used, or seen as missing where later ones were claimed already. */
  abort(): void;
}

interface OpenClaim {
  readonly seq: number;
  readonly index: number;
  readonly pool: MappedPool;
  readonly template: FrameTemplate;
  state: "open" | "committed" | "aborted";
  options: FrameOptions | undefined;
}

/**
 * Writes frames of one epoch of a stream. It never waits: slow readers lose frames.
 *
 * A slot goes: stale ──begin──▶ writing ──commit──▶ committed(seq) ──begin──▶ writing … spec/tensor-pool.md §4.5, §8
 */
export class Producer {
  /** What it has counted. */
  readonly counters: ProducerCounters = {
    published: 0,
    dropsNoPool: 0,
    descriptorBackPressured: 0,
  };
  /** The metadata that frames refer to unless they say otherwise. */
  metaVersion = 0;
  readonly #stream: MappedStream;
  readonly #descriptors: DescriptorSink;
  readonly #writer: DescriptorWriter;
  readonly #nowNs: () => bigint;
  readonly #writeNowNs: (view: DataView, offset: number) => void;
  readonly #fence: () => void;
  readonly #wakeReaders: ((words: Int32Array, index: number) => void) | undefined;
  readonly #descriptorTimestamps: boolean;
  readonly #slotTemplates: (FrameTemplate | undefined)[] = [];
  readonly #slotPools: number[] = [];
  readonly #claims: OpenClaim[] = [];
  #nextSeq = 0;
  #mayWrite = true;

  /** Starts at frame 0 of the epoch. */
  constructor(setup: ProducerSetup) {
    this.#stream = setup.stream;
    this.#descriptors = setup.descriptors;
    this.#nowNs = setup.nowNs;
    this.#writeNowNs =
      setup.writeNowNs ??
      ((view, offset) => {
        view.setBigUint64(offset, setup.nowNs(), true);
      });
    this.#fence = setup.fence;
    this.#wakeReaders = setup.wakeReaders;
    this.#descriptorTimestamps = setup.descriptorTimestamps ?? false;
    this.#writer = new DescriptorWriter(setup.stream.streamId, setup.stream.epoch);
  }

  /** The number of the next frame. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Stops writing for good: the lease is lost, or the memory is about to be unmapped. */
  revoke(): void {
    this.#mayWrite = false;
  }

  /**
   * Copies a payload into the pool and publishes it.
   *
   * @param payload Exactly `template.payloadBytes` bytes, laid out as the template says.
   * @returns The frame's `seq`, or one of {@link PublishResult}.
   * @throws `RangeError` for a payload of another length.
   */
  publish(template: FrameTemplate, payload: Uint8Array, options?: FrameOptions): number {
    if (payload.length !== template.payloadBytes) {
      throw new RangeError(`${payload.length} bytes for a frame of ${template.payloadBytes}`);
    }
    if (!this.#mayWrite) return PublishResult.leaseLost;
    if (this.#claims.length > 0) return this.#publishBehindClaims(template, payload, options);
    const pool = choosePool(this.#stream.pools, payload.length);
    if (pool === undefined) return this.#noPool();
    const seq = this.#nextSeq++;
    const index = slotOf(seq, this.#stream.nslots);
    beginSlot(this.#stream.ring, index, seq);
    this.#fence();
    if (payload.length > 0) pool.slot(index).set(payload);
    this.#commit(seq, index, pool, template, options);
    this.#describe(seq, options);
    return seq;
  }

  /**
   * Begins a frame to be written in place.
   *
   * @returns The claim, or one of {@link PublishResult}.
   */
  claim(template: FrameTemplate): FrameClaim | number {
    if (!this.#mayWrite) return PublishResult.leaseLost;
    if (this.#claims.length >= this.#stream.nslots) return PublishResult.tooManyClaims;
    const pool = choosePool(this.#stream.pools, template.payloadBytes);
    if (pool === undefined) return this.#noPool();
    const seq = this.#nextSeq++;
    const index = slotOf(seq, this.#stream.nslots);
    const open: OpenClaim = { seq, index, pool, template, state: "open", options: undefined };
    this.#claims.push(open);
    beginSlot(this.#stream.ring, index, seq);
    this.#fence();
    return {
      seq,
      bytes: pool.slot(index),
      commit: (options) => {
        this.#settle(open, "committed", options);
      },
      abort: () => {
        this.#settle(open, "aborted", undefined);
      },
    };
  }

  #publishBehindClaims(
    template: FrameTemplate,
    payload: Uint8Array,
    options: FrameOptions | undefined,
  ): number {
    const claim = this.claim(template);
    if (typeof claim === "number") return claim;
    claim.bytes.set(payload);
    claim.commit(options);
    return claim.seq;
  }

  #settle(
    open: OpenClaim,
    state: "committed" | "aborted",
    options: FrameOptions | undefined,
  ): void {
    if (open.state !== "open") throw new RangeError(`frame ${open.seq} was settled already`);
    open.state = state;
    open.options = options;
    if (!this.#mayWrite) return;
    if (state === "committed")
      this.#commit(open.seq, open.index, open.pool, open.template, options);
    // The last claim's number is used again: readers see no gap where nothing was lost.
    else if (open === this.#claims.at(-1)) {
      this.#claims.pop();
      this.#nextSeq = open.seq;
    }
    this.#describeSettled();
  }

  #describeSettled(): void {
    for (;;) {
      const [first] = this.#claims;
      if (first === undefined || first.state === "open") return;
      this.#claims.shift();
      if (first.state === "committed") this.#describe(first.seq, first.options);
    }
  }

  #noPool(): number {
    this.counters.dropsNoPool++;
    return PublishResult.noPool;
  }

  #commit(
    seq: number,
    index: number,
    pool: MappedPool,
    template: FrameTemplate,
    options: FrameOptions | undefined,
  ): void {
    const { ring } = this.#stream;
    const { view } = ring;
    const at = slotOffset(index);
    // Only this producer writes the slot, so that what it wrote last time is still there.
    if (this.#slotTemplates[index] !== template || this.#slotPools[index] !== pool.poolId) {
      ring.bytes.set(template.bytes, at + HEADER_SLOT_BYTES - template.bytes.length);
      view.setUint32(at + SlotField.payloadSlot, index, true);
      view.setUint16(at + SlotField.poolId, pool.poolId, true);
      this.#slotTemplates[index] = template;
      this.#slotPools[index] = pool.poolId;
    }
    const timestampNs = options?.timestampNs;
    if (timestampNs === undefined) this.#writeNowNs(view, at + SlotField.timestampNs);
    else view.setBigUint64(at + SlotField.timestampNs, timestampNs, true);
    view.setUint32(at + SlotField.metaVersion, options?.metaVersion ?? this.metaVersion, true);
    this.#fence();
    commitSlot(ring, index, seq);
    this.counters.published++;
  }

  // The frame is there whether or not anybody is told: a consumer that misses this one sees a gap.
  #describe(seq: number, options: FrameOptions | undefined): void {
    const timestampNs = this.#descriptorTimestamps ? this.#nowNs() : undefined;
    const metaVersion = options?.metaVersion ?? this.metaVersion;
    this.#writer.write(seq, metaVersion, timestampNs, options?.traceId);
    if (!offerDescriptor(this.#descriptors, this.#writer.bytes)) {
      this.counters.descriptorBackPressured++;
    }
    if (this.#wakeReaders === undefined) return;
    const { ring, nslots } = this.#stream;
    this.#wakeReaders(ring.words, slotOffset(slotOf(seq, nslots)) >> 2);
  }
}
