import type { MappedPool, MappedStream } from "../region/mapped-stream.js";
import { MAX_DIMS, SlotField } from "../region/slot-header.js";
import { readTensorShape, type TensorShape } from "../region/tensor-shape.js";
import type { DropReason } from "./drop-reason.js";

/** What frames that look alike have in common. */
export interface FrameLayout {
  /** What the tensor looks like. */
  readonly shape: TensorShape;
  /** Bytes of payload. */
  readonly bytes: number;
  /** The pool that holds the payload. */
  readonly pool: MappedPool;
}

/** Why a header describes no frame. */
export type HeaderFault = Extract<DropReason, "badHeader" | "badExtent" | "badSlot">;

// The words of a slot that decide: the length, the pool, from byte 60 to the last dimension, and from the first stride to the
// last. Dimensions begin 3 bytes behind a word, as strides do, so that the bytes that are in use end in the word behind them.
const BYTES_WORD = SlotField.valuesLenBytes >> 2;
const SLOT_WORD = SlotField.payloadSlot >> 2;
const POOL_WORD = SlotField.poolId >> 2;
const LENGTH_WORD = SlotField.headerLength >> 2;
const HEADER_WORD = SlotField.header >> 2;
const TYPE_WORD = SlotField.dtype >> 2;
const NDIMS_WORD = SlotField.ndims >> 2;
const DIMS_WORD = SlotField.dims >> 2;
const STRIDES_WORD = SlotField.strides >> 2;
const END_WORD = STRIDES_WORD + MAX_DIMS + 1;

/**
 * Checks the headers of slots. spec/tensor-pool.md §4.4, §9
 *
 * Frames of one stream look alike, so that the last good header is kept: one that equals it, word by word, needs no more
 * than that comparison.
 */
export class HeaderCheck {
  readonly #checkExtent: boolean;
  readonly #known = new Int32Array(END_WORD);
  readonly #view = new DataView(this.#known.buffer);
  #dims = 0;
  #layout: FrameLayout | undefined;

  /** `checkExtent` is whether a payload must be long enough for its shape. */
  constructor(options: { readonly checkExtent: boolean }) {
    this.#checkExtent = options.checkExtent;
  }

  /** Forgets the last header: its pool is another one now. */
  forget(): void {
    this.#layout = undefined;
  }

  /** Returns what the header of slot `index` says, which lies at word `at` of the ring; or why it says nothing. */
  check(stream: MappedStream, at: number, index: number): FrameLayout | HeaderFault {
    const { words } = stream.ring;
    const layout = this.#layout;
    if (layout !== undefined && this.#differs(words, at, index) === 0) return layout;
    return this.#read(stream, at, index);
  }

  // Without branches: a header differs from the one before it so rarely that what is looked at in vain costs less.
  #differs(words: Int32Array, at: number, index: number): number {
    const known = this.#known;
    const dims = this.#dims;
    const dimsEnd = DIMS_WORD + dims;
    const stridesEnd = STRIDES_WORD + dims;
    // Written out: a loop over these words takes as long again.
    let differs =
      ((words[at + BYTES_WORD] ?? 0) ^ (known[BYTES_WORD] ?? 0)) |
      ((words[at + SLOT_WORD] ?? 0) ^ index) |
      ((words[at + POOL_WORD] ?? 0) ^ (known[POOL_WORD] ?? 0)) |
      (((words[at + POOL_WORD + 1] ?? 0) ^ (known[POOL_WORD + 1] ?? 0)) << 16) |
      ((words[at + LENGTH_WORD] ?? 0) ^ (known[LENGTH_WORD] ?? 0)) |
      ((words[at + HEADER_WORD] ?? 0) ^ (known[HEADER_WORD] ?? 0)) |
      ((words[at + HEADER_WORD + 1] ?? 0) ^ (known[HEADER_WORD + 1] ?? 0)) |
      ((words[at + TYPE_WORD] ?? 0) ^ (known[TYPE_WORD] ?? 0)) |
      ((words[at + NDIMS_WORD] ?? 0) ^ (known[NDIMS_WORD] ?? 0)) |
      ((words[at + DIMS_WORD] ?? 0) ^ (known[DIMS_WORD] ?? 0)) |
      (((words[at + dimsEnd] ?? 0) ^ (known[dimsEnd] ?? 0)) << 8) |
      (((words[at + STRIDES_WORD] ?? 0) ^ (known[STRIDES_WORD] ?? 0)) >>> 24) |
      (((words[at + stridesEnd] ?? 0) ^ (known[stridesEnd] ?? 0)) << 8);
    for (let dim = 1; dim < dims; dim++) {
      differs |= (words[at + DIMS_WORD + dim] ?? 0) ^ (known[DIMS_WORD + dim] ?? 0);
      differs |= (words[at + STRIDES_WORD + dim] ?? 0) ^ (known[STRIDES_WORD + dim] ?? 0);
    }
    return differs;
  }

  // From a copy: what is compared with later is what was judged, even if the slot was overwritten meanwhile.
  #read(stream: MappedStream, at: number, index: number): FrameLayout | HeaderFault {
    this.#layout = undefined;
    this.#known.set(stream.ring.words.subarray(at, at + END_WORD));
    const view = this.#view;
    const shape = readTensorShape(view, 0);
    if (shape === undefined) return "badHeader";
    const bytes = view.getUint32(SlotField.valuesLenBytes, true);
    if (this.#checkExtent && bytes > 0 && shape.extentBytes > bytes) return "badExtent";
    const pool = stream.pool(view.getUint16(SlotField.poolId, true));
    const here =
      view.getUint32(SlotField.payloadSlot, true) === index &&
      view.getUint32(SlotField.payloadOffset, true) === 0;
    if (pool === undefined || !here || bytes > pool.strideBytes) return "badSlot";
    this.#dims = shape.dims.length;
    this.#layout = { shape, bytes, pool };
    return this.#layout;
  }
}
