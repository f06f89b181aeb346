import type { MappedStream } from "../region/mapped-stream.js";
import { type TypedArray, typedView } from "@proj/wire-types";
import { HEADER_SLOT_BYTES } from "../region/layout.js";
import { holdsCommitted, slotTimestampNs } from "../region/slot-header.js";
import type { TensorShape } from "../region/tensor-shape.js";

const EMPTY = new Uint8Array(0);
const NO_SHAPE: TensorShape = {
  dtype: "uint8",
  dtypeCode: 1,
  majorOrder: "row",
  dims: [0],
  stridesBytes: [1],
  itemBytes: 1,
  extentBytes: 0,
  progressUnit: "none",
  progressStrideBytes: 0,
};

/**
 * A frame as it lies in the pool. One object serves one frame after another of a consumer.
 *
 * The producer may overwrite the memory at any time. A result counts only if {@link Frame.stillValid} says so *after* the
 * memory was used; {@link Frame.copy} does both. spec/tensor-pool.md §4.5
 */
export class Frame {
  /** The frame's number in its epoch. */
  seq = 0;
  /** The version of the metadata that describes it; 4294967295 is none. */
  metaVersion = 0;
  /** The low 32 bits of {@link Frame.traceId}, without making a bigint. */
  traceIdLow = 0;
  /** The high 32 bits of {@link Frame.traceId}. */
  traceIdHigh = 0;
  /** What it looks like. */
  shape: TensorShape = NO_SHAPE;
  /** Its bytes, in place. */
  payload: Uint8Array = EMPTY;
  readonly #fence: () => void;
  #stream: MappedStream | undefined;
  #at = 0;
  #commitLow = 0;
  #commitHigh = 0;

  /** `fence` keeps what is read before it before what is read after it; nothing on x64. */
  constructor(fence: () => void) {
    this.#fence = fence;
  }

  /** Where it comes from, if that was said. */
  get traceId(): bigint | undefined {
    const { traceIdLow: low, traceIdHigh: high } = this;
    return low === 0 && high === 0 ? undefined : (BigInt(high) << 32n) | BigInt(low);
  }

  /** Its 256 bytes in the header ring, in place: valid as its payload is. */
  get header(): Uint8Array {
    const at = this.#at * 4;
    return this.#held().ring.bytes.subarray(at, at + HEADER_SLOT_BYTES);
  }

  /** When it was captured, in nanoseconds, if that was said. */
  get timestampNs(): bigint | undefined {
    return slotTimestampNs(this.#held().ring, this.#at * 4);
  }

  /** Whether all that was read of it so far was read from this frame and no other. */
  stillValid(): boolean {
    const stream = this.#stream;
    if (stream === undefined || !stream.isMapped) return false;
    this.#fence();
    return holdsCommitted(stream.ring.words, this.#at, this.#commitLow, this.#commitHigh);
  }

  /** Its bytes as elements, in place: a view where the memory is aligned for them, else a copy. */
  values(): TypedArray {
    return typedView(this.shape.dtype, this.payload);
  }

  /**
   * Copies its bytes.
   *
   * @param into Where to; at least as long as the payload. By default bytes of their own.
   * @returns The copy, or `undefined` when the frame was overwritten meanwhile.
   */
  copy(into: Uint8Array = new Uint8Array(this.payload.length)): Uint8Array | undefined {
    into.set(this.payload);
    return this.stillValid() ? into.subarray(0, this.payload.length) : undefined;
  }

  /** Lays the frame over the slot at word `at`, which holds the halves of `seq * 2 + 1`. The consumer calls it. */
  lay(stream: MappedStream, at: number, commitLow: number, commitHigh: number): void {
    // To store a reference that is there already would cost more than to look.
    if (this.#stream !== stream) this.#stream = stream;
    this.#at = at;
    this.#commitLow = commitLow;
    this.#commitHigh = commitHigh;
  }

  #held(): MappedStream {
    if (this.#stream === undefined) throw new RangeError("no frame is held");
    return this.#stream;
  }
}
