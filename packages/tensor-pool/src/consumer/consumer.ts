import type { MappedStream } from "../region/mapped-stream.js";
import { HEADER_SLOT_BYTES, SUPERBLOCK_BYTES } from "../region/layout.js";
import { findNewestSeq, holdsCommitted, slotTimestampNs } from "../region/slot-header.js";
import { DescriptorReader } from "./descriptor-reader.js";
import { type ConsumerCounters, type DropReason, newConsumerCounters } from "./drop-reason.js";
import { Frame } from "./frame.js";
import { HeaderCheck } from "./header-check.js";

// Constants of this module: what is imported is looked up at every use.
const FIRST_SLOT_WORD = SUPERBLOCK_BYTES / 4;
const SLOT_WORDS = HEADER_SLOT_BYTES / 4;

/** How a consumer chooses frames. */
export interface ConsumerOptions {
  /**
   * How far the newest frame may be ahead before older ones are skipped, in frames; 0 for never. By default 256, or
   * half of the ring where that is less.
   */
  readonly maxOutstandingSeqGap?: number;
  /** Frames that are handed out at most in a second; 0, the default, for all. */
  readonly maxRateHz?: number;
  /** Whether a payload must be long enough for its shape; by default it must. spec/tensor-pool.md §4.4 */
  readonly checkExtent?: boolean;
}

/** What a consumer stands on. */
export interface ConsumerSetup {
  /** Now in nanoseconds, for the rate. */
  readonly nowNs: () => bigint;
  /** Keeps what is read before it before what is read after it; nothing on x64. */
  readonly fence: () => void;
  /** How it chooses frames. */
  readonly options?: ConsumerOptions;
}

/**
 * Turns descriptors into frames, and says why where it does not: the first failing check of spec/tensor-pool.md §9 decides.
 *
 * ```
 *   unmapped ──map(stream)──▶ mapped(epoch) ──unmap() · a number far below its base──▶ unmapped
 * ```
 */
export class Consumer {
  /** What it has counted; a new mapping does not begin at zero again. */
  readonly counters: ConsumerCounters = newConsumerCounters();
  readonly #descriptor = new DescriptorReader();
  readonly #headers: HeaderCheck;
  readonly #frame: Frame;
  readonly #nowNs: () => bigint;
  readonly #fence: () => void;
  readonly #maxOutstandingSeqGap: number | undefined;
  #maxRateHz: number;
  #maxGap = 0;
  #stream: MappedStream | undefined;
  #base = -1;
  // The number behind the highest one that was taken; -1 before the first.
  #next = -1;
  #nextAllowedNs = 0n;

  /** Starts unmapped. */
  constructor(setup: ConsumerSetup) {
    this.#nowNs = setup.nowNs;
    this.#fence = setup.fence;
    this.#headers = new HeaderCheck({ checkExtent: setup.options?.checkExtent ?? true });
    this.#maxOutstandingSeqGap = setup.options?.maxOutstandingSeqGap;
    this.#maxRateHz = setup.options?.maxRateHz ?? 0;
    this.#frame = new Frame(setup.fence);
  }

  /** The stream it reads, while it is mapped. */
  get stream(): MappedStream | undefined {
    return this.#stream;
  }

  /** The highest frame that was taken for processing, whether it was late or not; -1 before the first. */
  get lastSeq(): number {
    return Math.max(this.#next - 1, -1);
  }

  /**
   * The newest frame that seems to be there, for {@link Consumer.accept} when descriptors pile up; -1 before the first.
   *
   * It looks at slots that the producer is about to write, which costs both of them: not for every frame.
   */
  newestSeq(): number {
    const stream = this.#stream;
    if (stream === undefined || this.#next < 0) return -1;
    return findNewestSeq(stream.ring, stream.nslots, this.lastSeq);
  }

  /** Reads the regions of an epoch from now on. The one before is unmapped, and its frames are empty. */
  map(stream: MappedStream): void {
    this.unmap();
    this.#stream = stream;
    this.#headers.forget();
    const maxGap = this.#maxOutstandingSeqGap ?? Math.min(256, Math.max(1, stream.nslots / 2));
    this.#maxGap = maxGap === 0 ? Infinity : maxGap;
    this.#base = -1;
    this.#next = -1;
    this.#nextAllowedNs = 0n;
  }

  /** Forgets the regions and gives their memory back. */
  unmap(): void {
    this.#stream?.unmap();
    this.#stream = undefined;
  }

  /** Hands out so many frames a second at most from now on; 0 for all. */
  limitRate(maxRateHz: number): void {
    this.#maxRateHz = maxRateHz;
  }

  /**
   * Takes one descriptor.
   *
   * @param newestSeq The newest frame that is known to exist, where the caller has looked ahead.
   * @returns The frame, valid until the next call; or why there is none.
   */
  accept(view: DataView, offset: number, length: number, newestSeq = -1): Frame | DropReason {
    this.counters.received++;
    const stream = this.#stream;
    const descriptor = this.#descriptor;
    if (stream === undefined) return this.#drop("unmapped");
    // What is nearly always so is decided here: a call of what does not fit into this function costs more than the checks.
    const fault = descriptor.read(stream, view, offset, length);
    if (fault !== undefined) return this.#drop(fault);
    const { seq } = descriptor;
    if (seq === this.#next) this.#next = seq + 1;
    else if (!this.#jumps(seq)) return this.#drop("regression");
    if (newestSeq - seq > this.#maxGap) return this.#drop("skipped");
    const index = descriptor.seqLow & (stream.nslots - 1);
    const at = FIRST_SLOT_WORD + index * SLOT_WORDS;
    const { words } = stream.ring;
    const { commitLow, commitHigh } = descriptor;
    if (this.#maxRateHz > 0 && !this.#isDue(stream, at)) return this.#drop("rateLimited");
    // A plain look is enough ahead of what is read: it counts only once the atomic one behind it has said the same.
    if (words[at] !== commitLow || words[at + 1] !== commitHigh) return this.#late();
    this.#fence();
    const layout = this.#headers.check(stream, at, index);
    // What was read counts only if nobody wrote meanwhile: a torn header is late, not bad.
    this.#fence();
    if (Atomics.load(words, at) !== commitLow || words[at + 1] !== commitHigh) return this.#late();
    if (typeof layout === "string") return this.#drop(layout);
    this.counters.accepted++;
    const frame = this.#frame;
    frame.lay(stream, at, commitLow, commitHigh);
    frame.seq = seq;
    frame.metaVersion = descriptor.metaVersion;
    frame.traceIdLow = descriptor.traceIdLow;
    frame.traceIdHigh = descriptor.traceIdHigh;
    if (frame.shape !== layout.shape) frame.shape = layout.shape;
    frame.payload = layout.pool.payload(index, layout.bytes);
    return frame;
  }

  // Gaps are counted from the first frame after mapping on.
  #jumps(seq: number): boolean {
    if (this.#base < 0) this.#base = seq;
    else if (seq > this.#next) this.counters.dropsGap += seq - this.#next;
    else {
      // Far below where it began, the numbers have started over without the epoch having been seen.
      if (seq < this.#base) this.unmap();
      return false;
    }
    this.#next = seq + 1;
    return true;
  }

  // By the frame's own time where it has one, so that it does not matter how long it took to come here.
  #isDue(stream: MappedStream, at: number): boolean {
    const nowNs = this.#descriptor.timestampNs ?? this.#slotTimeNs(stream, at) ?? this.#nowNs();
    const intervalNs = BigInt(Math.floor(1e9 / this.#maxRateHz));
    const waitNs = this.#nextAllowedNs - nowNs;
    // More than one interval is no wait: somebody's clock was ahead.
    if (waitNs > 0n && waitNs <= intervalNs) return false;
    this.#nextAllowedNs = nowNs + intervalNs;
    return true;
  }

  #slotTimeNs({ ring }: MappedStream, at: number): bigint | undefined {
    const { commitLow, commitHigh } = this.#descriptor;
    return holdsCommitted(ring.words, at, commitLow, commitHigh)
      ? slotTimestampNs(ring, at * 4)
      : undefined;
  }

  #late(): DropReason {
    this.counters.dropsLate++;
    return this.#drop("late");
  }

  #drop(reason: DropReason): DropReason {
    this.counters.drops[reason]++;
    return reason;
  }
}
