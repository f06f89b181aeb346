import type { MappedStream } from "../region/mapped-stream.js";
import { seemsCommitted, SlotField, slotOffset } from "../region/slot-header.js";
import { DescriptorReader } from "./descriptor-reader.js";
import { type ConsumerCounters, type DropReason, newConsumerCounters } from "./drop-reason.js";
import { Frame } from "./frame.js";
import { HeaderCheck } from "./header-check.js";

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
  readonly #headers = new HeaderCheck();
  readonly #frame: Frame;
  readonly #nowNs: () => bigint;
  readonly #fence: () => void;
  readonly #checkExtent: boolean;
  readonly #maxOutstandingSeqGap: number | undefined;
  #maxRateHz: number;
  #maxGap = 0;
  #stream: MappedStream | undefined;
  #base = -1;
  #last = -1;
  #nextAllowedNs = 0n;

  /** Starts unmapped. */
  constructor(setup: ConsumerSetup) {
    this.#nowNs = setup.nowNs;
    this.#fence = setup.fence;
    this.#checkExtent = setup.options?.checkExtent ?? true;
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
    return this.#last;
  }

  /** Reads the regions of an epoch from now on. The one before is unmapped, and its frames are empty. */
  map(stream: MappedStream): void {
    this.unmap();
    this.#stream = stream;
    this.#maxGap = this.#maxOutstandingSeqGap ?? Math.min(256, Math.max(1, stream.nslots / 2));
    this.#base = -1;
    this.#last = -1;
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
    if (!descriptor.read(view, offset, length, stream.nslots)) return this.#drop("malformed");
    if (descriptor.streamId !== stream.streamId) return this.#drop("wrongStream");
    const { epochLow, epochHigh, seq } = descriptor;
    if (epochLow !== stream.epochLow || epochHigh !== stream.epochHigh) {
      return this.#drop("epochMismatch");
    }
    if (!this.#inOrder(seq)) return this.#drop("regression");
    if (this.#maxGap > 0 && newestSeq - seq > this.#maxGap) return this.#drop("skipped");
    if (!this.#isDue()) return this.#drop("rateLimited");
    return this.#open(stream);
  }

  #open(stream: MappedStream): Frame | DropReason {
    const { ring, nslots } = stream;
    const { seqLow, seqHigh, seq } = this.#descriptor;
    const index = seqLow & (nslots - 1);
    const at = slotOffset(index);
    const commitLow = (seqLow << 1) | 1;
    const commitHigh = (seqHigh << 1) | (seqLow >>> 31);
    if (!seemsCommitted(ring, at, commitLow, commitHigh)) return this.#late();
    this.#fence();
    const { view } = ring;
    const bytes = view.getUint32(at + SlotField.valuesLenBytes, true);
    const poolId = view.getUint16(at + SlotField.poolId, true);
    const payloadSlot = view.getInt32(at + SlotField.payloadSlot, true);
    const payloadOffset = view.getInt32(at + SlotField.payloadOffset, true);
    const shape = this.#headers.check(ring, at);
    const frame = this.#frame;
    frame.lay(stream, at, commitLow, commitHigh);
    frame.seq = seq;
    // What was read counts only if nobody wrote meanwhile: a torn header is late, not bad.
    if (!frame.stillValid()) return this.#late();
    if (shape === undefined) return this.#drop("badHeader");
    if (this.#checkExtent && bytes > 0 && shape.extentBytes > bytes) {
      return this.#drop("badHeader");
    }
    const pool = stream.pool(poolId);
    if (pool === undefined || payloadSlot !== index || payloadOffset !== 0) {
      return this.#drop("badSlot");
    }
    if (bytes > pool.strideBytes) return this.#drop("badSlot");
    frame.shape = shape;
    frame.metaVersion = this.#descriptor.metaVersion;
    frame.traceIdLow = this.#descriptor.traceIdLow;
    frame.traceIdHigh = this.#descriptor.traceIdHigh;
    frame.payload = pool.payload(index, bytes);
    this.counters.accepted++;
    return frame;
  }

  // Gaps are counted from the first frame after mapping on.
  #inOrder(seq: number): boolean {
    if (this.#base < 0) {
      this.#base = seq;
      this.#last = seq;
      return true;
    }
    if (seq <= this.#last) {
      // Far below where it began, the numbers have started over without the epoch having been seen.
      if (seq < this.#base) this.unmap();
      return false;
    }
    this.counters.dropsGap += seq - this.#last - 1;
    this.#last = seq;
    return true;
  }

  #isDue(): boolean {
    if (this.#maxRateHz === 0) return true;
    const nowNs = this.#descriptor.timestampNs ?? this.#nowNs();
    if (nowNs < this.#nextAllowedNs) return false;
    this.#nextAllowedNs = nowNs + BigInt(Math.floor(1e9 / this.#maxRateHz));
    return true;
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
